"""Scores images of handwritten digits by the vote of the three known images most like each of them."""

import os
from pathlib import Path

import numpy
from preprocessing import read_batch

NEIGHBOURS = 3


def init() -> None:
    """Load the known images and what they show, once in each worker."""
    global known, digits
    with numpy.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).glob("*/known.npz"))) as model:
        known, digits = model["images"].astype(numpy.int64), model["digits"]


def run(mini_batch: list[str]) -> list[str]:
    """One row for each image: its file name and the digit seen in it."""
    images = read_batch(mini_batch).astype(numpy.int64)
    return [f"{Path(path).name}: {nearest(image)}" for path, image in zip(mini_batch, images, strict=True)]


def nearest(image: numpy.ndarray) -> int:
    """The digit most of the nearest known images show; the smallest of them when they disagree."""
    distances = ((known - image) ** 2).sum(axis=1)
    votes = digits[distances.argsort(kind="stable")[:NEIGHBOURS]]
    return int(numpy.bincount(votes).argmax())
