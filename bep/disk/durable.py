"""Files that survive a kill and a power cut at every line. Knows bytes and folders, nothing of what they mean."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bep.disk import modes
from bep.disk.refusal import naming

At = Callable[[str], None]
"""Called with the name of each step just before it is taken, so that a test can stop the world there."""


def nowhere(_: str) -> None:
    """The `At` of ordinary life."""


def write_durably(path: Path, data: bytes, *, at: At = nowhere) -> None:
    """The whole file or nothing of it: temporary file beside it, fsync, rename, fsync of the folder.

    Raises `OSError`; the file that stood there before is then untouched.
    """
    with replacing(path, at=at) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path, *, mode: int | None = None, at: At = nowhere) -> Iterator[BinaryIO]:
    """What is written to the stream is the whole file at the end; an exception leaves the one that stood there before.

    `mode` is asked for, less the umask; by default it is that of what bep keeps. Raises `OSError`.
    """
    with _written_beside(path, mode, at) as (temporary, stream):
        yield stream
        _sync(stream, path, at)
        at(f"rename {path.name}")
        temporary.replace(path)
    at(f"sync folder of {path.name}")
    sync_folder(path.parent)


def create_durably(path: Path, data: bytes, *, at: At = nowhere, mode: int | None = None) -> None:
    """As `write_durably`, but raises `FileExistsError` where something stands already, however late it came."""
    with _written_beside(path, mode, at) as (temporary, stream):
        stream.write(data)
        _sync(stream, path, at)
        at(f"link {path.name}")
        name_if_free(temporary, path)
        with suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)


@contextmanager
def _written_beside(path: Path, mode: int | None, at: At) -> Iterator[tuple[Path, BinaryIO]]:
    """A temporary file in the same folder, with the mode asked for. Nothing is left of it on failure."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    at(f"write {path.name}")
    file = os.open(temporary, _NEW, modes.asked().file if mode is None else mode)
    try:
        with naming(path), os.fdopen(file, "wb") as stream:
            yield temporary, stream
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


_NEW = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC


def _sync(stream: BinaryIO, path: Path, at: At) -> None:
    stream.flush()
    at(f"sync {path.name}")
    os.fsync(stream.fileno())


def name_if_free(temporary: Path, path: Path) -> None:
    """Give a whole file this name, the name it had being left to the caller. Raises `FileExistsError`."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: as whole, though of two at once the later one stays
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)


def write_all(file: int, data: bytes) -> None:
    """Every byte: the system may take fewer than it is given."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable that somebody else wrote."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_data(file: int) -> None:
    """Wait until the disk has the bytes of an open file, and its size. Raises `OSError`."""
    sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
    sync(file)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the bytes behind them."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def make_folder(folder: Path) -> None:
    """The folder and its parents, each durable in the one above it."""
    for step in modes.make_folder(folder):
        sync_folder(step.parent)
