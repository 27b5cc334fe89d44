"""A line on the terminal while a big folder is looked through. Judges nothing; knows no spec."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

PATIENCE = 1.0
"""Seconds before anything is said: most folders are looked through sooner."""
_EVERY = 0.2


@contextmanager
def draw_looking(path: str) -> Iterator[Callable[[int], None]]:
    """Say how far it is with `path`, over and over in one line; gone in the end."""
    from bep.console import Console

    console, files, read, drawn = Console(), 0, 0, monotonic() + PATIENCE - _EVERY

    def step(taken: int) -> None:
        nonlocal files, read, drawn
        files, read = files + (taken == 0), read + taken
        if monotonic() - drawn >= _EVERY:
            drawn = monotonic()
            console.live(f"looking at {path}: {files:,} files, {read / 1_000_000_000:.1f} GB")

    try:
        yield step
    finally:
        console.clear()
