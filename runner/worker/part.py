"""One worker's rows and their journal: rows first, journal second, so what the journal does not name is not there."""

import fcntl
import os
import time

from . import wire

PATIENCE = 0.005  # seconds of finished work that a SIGKILL may cost; two writes for it are a thousandth
BULK = 1 << 20  # bytes of rows held before they are written


class Part:
    """Appends results. `sync` is the seconds between two waits for the disk, `roll` how many bytes of rows there are
    before it goes on in another part; 0: it never does.

    Rows carry a checksum in the journal, so the two files may reach the disk in any order.
    """

    def __init__(self, path: str, heartbeat: memoryview, sync: float, roll: int = 0) -> None:
        self._path = path
        self._heartbeat = heartbeat
        self._sync = sync
        self._roll = roll
        self._header = b""
        self._rows = _create(path + ".rows")
        self._journal = _create(path + ".journal")
        fcntl.flock(self._journal[0], fcntl.LOCK_EX)
        self._held: list[bytes] = []
        self._records: list[bytes] = []
        self._bytes = 0
        self._offset = 0
        self._journalled = 0
        self._counts = [0, 0, 0]
        self._clock = time.monotonic  # the script may put another in the module's place
        self._flushed = self._synced = self._clock()
        self._skew = time.time() - self._synced

    def add(
        self, first: int, items: int, results: int, count: int, breaks: int, rows: bytes, started: float, now: float
    ) -> None:
        """Keep a mini-batch's rows, `count` of them; they are written when enough has come together."""
        self._records.append(
            wire.record(first, items, results, breaks, self._offset, rows, started + self._skew, now - started, count)
        )
        self._held.append(rows)
        size = len(rows)
        self._offset += size
        self._bytes += size
        scored = results if results < items else items
        counts = self._counts
        counts[0] += scored
        counts[1] += items - scored
        counts[2] += 1
        if self._bytes > BULK or now - self._flushed > PATIENCE:
            self.flush(now)

    def begin_columns(self, header: bytes) -> None:
        """Keep the header that fits the rows from here on, durable before any of them is in the journal."""
        self._header = header
        with open(self._path + ".columns", "ab") as file:
            file.write(wire.columns(self._offset, header))
            file.flush()
            os.fsync(file.fileno())

    def flush(self, now: float) -> None:
        """Write what is held, then say so in the journal and in shared memory."""
        self._flushed = now
        if not self._records:
            return
        wire.BEAT.pack_into(self._heartbeat, 0, now, wire.IDLE)  # a slow disk is not a slow script
        self._rows = _own(self._rows, self._path + ".rows", self._offset - self._bytes)
        self._journal = _own(self._journal, self._path + ".journal", self._journalled)
        _write(self._rows[0], b"".join(self._held))
        _write(self._journal[0], b"".join(self._records))
        self._journalled += len(self._records) * wire.RECORD
        self._held, self._records, self._bytes = [], [], 0
        wire.COUNTS.pack_into(self._heartbeat, wire.COUNTS_AT, *self._counts)
        if now - self._synced > self._sync:
            self.settle()
        if self._roll and self._offset >= self._roll:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Go on in another part. This one is whole and durable before the journal of the next is there.

        The next journal is locked before this one is let go: at any moment the lock of one is held.
        """
        self.settle()
        folder, number = os.path.split(self._path)
        self._path = os.path.join(folder, f"{int(number) + wire.NEXT_PART:06d}")
        before = self._rows[0], self._journal[0]
        self._rows = _create(self._path + ".rows")
        self._journal = _create(self._path + ".journal")
        fcntl.flock(self._journal[0], fcntl.LOCK_EX)
        for file in before:
            os.close(file)
        self._offset = self._journalled = 0
        if self._header:
            self.begin_columns(self._header)

    def settle(self) -> None:
        """Wait until the disk has everything written so far."""
        os.fsync(self._rows[0])
        os.fsync(self._journal[0])
        self._synced = self._clock()


def _create(path: str) -> "tuple[int, int]":
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644)
    return file, os.fstat(file).st_ino


def _own(file: "tuple[int, int]", path: str, size: int) -> "tuple[int, int]":
    """The same file, opened again if the script closed it; a number that it reused would be written over.

    A process whose script has written to a file that is not its own ends here: the rest would stand in the wrong place.
    """
    number, inode = file
    try:
        found = os.fstat(number)
    except OSError:
        found = None
    if found is None or found.st_ino != inode:
        number = os.open(path, os.O_WRONLY | os.O_APPEND)
        found = os.fstat(number)
    if found.st_size != size:
        os._exit(wire.MEDDLED)
    return number, inode


def _write(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]
