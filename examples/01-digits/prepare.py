"""Makes images/, labels.csv and models/ anew from the handwritten digits that scikit-learn ships.

    pip install scikit-learn==1.9.1 pillow==13.0.0
    python prepare.py

The data are 1,797 scans of 8 by 8 pixels from the UCI set "Optical recognition of handwritten digits".
The first 1,500 train both models; the last 297 are held out and become images/.
"""

import csv
from pathlib import Path

import numpy
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
TRAINED_ON = 1500
SEED = 0


def main() -> None:
    """Write everything the example holds that is not written by hand."""
    bundled = load_digits()
    pixels = numpy.round(bundled.images * (255 / 16)).astype(numpy.uint8)
    digits = bundled.target.astype(numpy.uint8)
    write_images(pixels[TRAINED_ON:], digits[TRAINED_ON:])
    rows = pixels[:TRAINED_ON].reshape(TRAINED_ON, -1)
    write_models(rows, digits[:TRAINED_ON])


def write_images(pixels: numpy.ndarray, digits: numpy.ndarray) -> None:
    """One PNG for each held-out scan, named after its place in the data set, and what each of them shows."""
    folder = HERE / "images"
    folder.mkdir(exist_ok=True)
    names = [f"digit-{TRAINED_ON + place}.png" for place in range(len(pixels))]
    for name, scan in zip(names, pixels, strict=True):
        Image.fromarray(scan).save(folder / name, optimize=True)
    with (HERE / "labels.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("file", "digit"), *zip(names, digits.tolist(), strict=True)],
        )


def write_models(rows: numpy.ndarray, digits: numpy.ndarray) -> None:
    """The softmax regression as its weights; the nearest neighbours as the images themselves."""
    for model in ("softmax", "neighbours"):
        (HERE / "models" / model).mkdir(parents=True, exist_ok=True)
    regression = LogisticRegression(max_iter=1000, random_state=SEED).fit(rows / 255, digits)
    numpy.savez_compressed(HERE / "models/softmax/weights.npz", weights=regression.coef_.T, bias=regression.intercept_)
    numpy.savez_compressed(HERE / "models/neighbours/known.npz", images=rows, digits=digits)


if __name__ == "__main__":
    main()
