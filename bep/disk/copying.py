"""Copies: the same blocks where the file system shares them, hashed while they are made. Knows paths, not meanings."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from bep.disk.refusal import naming

_FICLONE: Final = 0x40049409  # linux/fs.h; the one file system call for a reflink

_CANNOT: Final = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.EMLINK}

_BLOCK: Final = 4 << 20  # bytes copied by the kernel and then hashed while they are still in its cache

_FALLBACK: Final = 1 << 20  # bytes at once where the kernel does not copy

Step = Callable[[], None]
"""Called between two blocks; what it raises ends the copy."""


class Original(NamedTuple):
    """A file that copies are made of, and the sha256 (hex) that its bytes are known by."""

    path: Path
    sha256: str


def nothing() -> None:
    """The `Step` of who need not know."""


def copy_hashed(origin: Path, target: Path, step: Step = nothing) -> str:
    """Make `target` an independent copy, for its owner alone; the sha256 of the bytes that are in the copy.

    Writing to one never changes the other. Raises `OSError` as the system does, `FileExistsError` where something is.
    """
    with (
        naming(target),
        origin.open("rb") as source,
        os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600), "rb+", 0) as sink,
    ):
        if _reflinked(source.fileno(), sink.fileno()):
            return _hashed(sink.fileno(), None, step)
        return _hashed(sink.fileno(), source.fileno(), step)


def copy_range(source: int, offset: int, length: int, target: int) -> None:
    """Append so many bytes of one open file, from `offset` on, to where another one stands. The kernel copies them.

    Raises `OSError` as the system does, and where the source is shorter than that.
    """
    while length:
        try:
            copied = os.copy_file_range(source, target, length, offset)
        except (AttributeError, OSError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            copied = os.write(target, os.pread(source, min(length, _FALLBACK), offset))
        if not copied:
            raise OSError(errno.EIO, "the file is shorter than it has to be")
        offset += copied
        length -= copied


def link(origin: Path, target: Path) -> None:
    """The same bytes under another name, so that writing to one changes the other; a copy where none can be made."""
    try:
        target.hardlink_to(origin)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        copy_hashed(origin, target)


def digest(file: Path) -> str:
    """The sha256 (hex) of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hashed(sink: int, source: int | None, step: Step) -> str:
    """The digest of all that is in `sink`, once what is in `source` has been appended block by block."""
    size = os.fstat(sink if source is None else source).st_size
    buffer = memoryview(bytearray(min(_BLOCK, size + 1)))
    found, position, kernel = hashlib.sha256(), 0, hasattr(os, "copy_file_range")
    while True:
        if source is not None:
            kernel = _append(source, sink, position, kernel)
        there = os.preadv(sink, [buffer], position)
        if not there:
            return found.hexdigest()
        found.update(buffer[:there])
        position += there
        step()


def _append(source: int, sink: int, position: int, kernel: bool) -> bool:
    """Copy a block; whether the kernel does that by itself between these two files."""
    if kernel:
        try:
            if os.copy_file_range(source, sink, _BLOCK, position, position):
                return True  # nothing is the end of the file, or one of the file systems that say so of any
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
    data = memoryview(os.pread(source, _BLOCK, position))
    while data:
        written = os.pwrite(sink, data, position)
        data, position = data[written:], position + written
    return False


def _reflinked(source: int, sink: int) -> bool:
    try:
        import fcntl
    except ImportError:  # not on Windows
        return False
    try:
        fcntl.ioctl(sink, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True
