"""Locks of the system's own (flock), which end with their process. Knows files, nothing of what they guard."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bep.disk import modes

_PAUSE = 0.01
"""Seconds between two attempts."""


def take(file: int, *, shared: bool = False, patience: float = 0.0) -> bool:
    """Lock an open file, alone or with others who share it; False where `patience` seconds were not enough.

    The lock ends with the file, and with the process if nothing else does it.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)


def wait(file: int, *, shared: bool = False) -> None:
    """Lock an open file, however long that takes."""
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


@contextmanager
def taken(path: Path, *, shared: bool = False, patience: float = 0.0) -> Iterator[bool]:
    """Whether the lock of this file, which is made where it is missing, is ours until the end. Raises `OSError`."""
    file = open_lock(path)
    try:
        yield take(file, shared=shared, patience=patience)
    finally:
        os.close(file)


def open_lock(path: Path) -> int:
    """The file of a lock, made where it is missing; to be closed by the caller. Raises `OSError`."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.asked().file)
