"""The journal as a file: lines are appended and durable, or they are not there. Knows no line's meaning."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bep.disk import modes
from bep.disk.durable import At, nowhere, sync_data, sync_folder, write_all


class JournalFile:
    """An append-only file, open for one writer. After a failed append it takes no more."""

    def __init__(self, path: Path, good: int, *, at: At = nowhere) -> None:
        """Open it, made if need be, cut after its first `good` bytes: what follows was never acknowledged."""
        self.path = path
        self._at = at
        new = not path.exists()
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, modes.asked().file)
        self._end = good
        if os.fstat(self._file).st_size > good:
            os.ftruncate(self._file, good)
            os.fsync(self._file)
        if new:
            sync_folder(path.parent)
        self._broken: OSError | None = None

    def append(self, lines: Sequence[bytes]) -> None:
        """All lines in one write and one sync. Raises `OSError`; none of them then counts."""
        if self._broken is not None:
            raise self._broken
        data = b"".join(lines)
        try:
            self._at("write journal")
            write_all(self._file, data)
            self._at("sync journal")
            sync_data(self._file)
            self._end += len(data)
        except OSError as error:
            # Nothing may follow half a line, and after a failed sync nobody knows what is on the disk.
            self._broken = error
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise

    def empty(self) -> None:
        """Forget every line, now that a snapshot holds what they said."""
        self._at("truncate journal")
        os.ftruncate(self._file, 0)
        self._end = 0
        self._at("sync journal")
        os.fsync(self._file)

    def in_place(self) -> bool:
        """Whether the file under this name is still the one that is open, at the length it was left."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._file)) and there.st_size == self._end

    def close(self) -> None:
        """Close it. Twice is as good as once."""
        if self._file != -1:
            os.close(self._file)
            self._file = -1
