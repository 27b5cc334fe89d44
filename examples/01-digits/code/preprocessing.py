"""From image files to the numbers a model of digits was trained on."""

import numpy
from PIL import Image

SIZE = (8, 8)


def read_pixels(path: str) -> numpy.ndarray:
    """The 64 grey values of one image, 0 (paper) to 255 (ink). An image of another size is shrunk first."""
    with Image.open(path) as image:
        grey = image.convert("L")
        if grey.size != SIZE:
            grey = grey.resize(SIZE, Image.Resampling.BOX)
        return numpy.asarray(grey, dtype=numpy.uint8).reshape(-1)


def read_batch(paths: list[str]) -> numpy.ndarray:
    """One row of 64 grey values for each image, in the order of the paths."""
    return numpy.stack([read_pixels(path) for path in paths])
