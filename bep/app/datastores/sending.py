"""A file that comes in pieces: written where nobody looks, flushed when it is whole, gone when it never is."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bep.disk import modes


class Sending:
    """One such file. `size` is bytes so far."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._stream.write(piece)
        self._digest.update(piece)
        self.size += len(piece)

    def take(self, stream: BinaryIO) -> None:
        """Take all that is in a file, without reading it into memory."""
        shutil.copyfileobj(stream, self._stream, 1 << 20)

    @property
    def md5(self) -> bytes:
        """The digest of what was written, as clients send it along to have it compared."""
        return self._digest.digest()

    def finished(self) -> Path:
        """The whole file, as durable as the disk can make it; whoever has it may rename it."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self._path


@contextmanager
def sending(folder: Path) -> Iterator[Sending]:
    """A new file in a folder. What is not renamed by the end is removed."""
    modes.make_folder(folder)
    path = folder / secrets.token_hex(16)
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, modes.asked().file)
    try:
        with os.fdopen(file, "wb") as stream:
            yield Sending(path, stream)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
