"""The runner's own journal: every attempt that failed, durable line by line. Rows are in the parts' journals."""

import json
import os
import time
from binascii import crc32
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path

from bep.disk import modes
from bep.disk.durable import replacing
from bep.disk.refusal import naming
from bep.lazy_dataclasses import asdict, dataclass, replace
from bep.runner.verdicts import Ended, Unresolved, Verdict

TRACEBACKS = 200  # that many are kept whole; a script that fails for every item does not fill the disk
_FATES = [("", ""), *((how.value, verdict.value) for how in Ended for verdict in Verdict)]


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt of one call of `run()`. `log` is a path under the job's folder and a line in that file.

    `ended` is when the runner heard of it, on the wall clock, 0 in journals of before it was written down; `seconds` is
    how long the call had lasted. `how` it ended, the `verdict` on it, and the `unresolved` parts of its mini-batch that
    were given up with it are as in `backlog`; a journal of before that was written down
    has none of the three.
    """

    first: int
    count: int
    attempt: int
    type: str
    message: str
    traceback: str
    log: str
    ended: float = 0.0
    seconds: float = 0.0
    how: str = ""
    verdict: str = ""
    unresolved: tuple[Unresolved, ...] = ()

    @property
    def is_raised(self) -> bool:
        """Whether the script raised it, and the worker wrote down where in its log: not what befell its process."""
        return ":" in self.log


def beside(failure: Failure, rest: Unresolved) -> Failure:
    """What is said of the rest of a mini-batch, when as many calls as it may cost to find the bad files were made."""
    told = (
        "on its own as well"
        if rest.alone
        else "with other files of its mini-batch; to find the bad ones among them, as many calls were made as it had "
        "attempts, and whether this is one is not known"
    )
    message = f"{failure.message} ({told})"
    first, count, attempt = rest.first, rest.count, rest.attempts
    return replace(failure, first=first, count=count, attempt=attempt, message=message, verdict="", unresolved=())


class Journal:
    """Appends failures. After `append` one survives the process; after `settle` all survive the machine."""

    def __init__(self, path: Path, sync: float) -> None:
        _cut_torn_line(path)
        self._path = path
        self._file = _opened(path)
        self._sync = sync
        self._synced = time.monotonic()
        self._tracebacks = 0

    def append(self, failure: Failure) -> None:
        """Write one line."""
        self._tracebacks += 1
        self._write(line_of(failure if self._tracebacks <= TRACEBACKS else replace(failure, traceback="")))
        if time.monotonic() - self._synced > self._sync:
            self.settle()

    def forget(self, is_forgotten: Callable[[Failure], bool]) -> None:
        """Take out the lines of failures that somebody is about to tell again. Durable; a kill leaves all of them."""
        self.settle()
        lines = self._path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if (failure := parsed(line)) is None or not is_forgotten(failure)]
        if len(kept) == len(lines):
            return
        with replacing(self._path) as file:
            file.writelines(kept)
        os.close(self._file)
        self._file = _opened(self._path)

    def _write(self, line: bytes) -> None:
        """The whole line or nothing: what follows a torn one would never be read. Raises `OSError`: a full disk."""
        start = os.fstat(self._file).st_size
        left = memoryview(line)
        try:
            with naming(self._path):
                while left:
                    left = left[os.write(self._file, left) :]
        except OSError:
            os.ftruncate(self._file, start)
            raise

    def settle(self) -> None:
        """Wait for the disk."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Settle and close."""
        self.settle()
        os.close(self._file)


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, modes.asked().file)


def read(path: Path) -> Iterator[Failure]:
    """The whole lines of a journal; one that is torn, or none of a runner's, ends it. One that
    is not there has none."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    lines = _Lines(path.parent)
    with file:
        for line in file:
            if (failure := parsed(line)) is None:
                return
            yield failure if failure.verdict else lines.instead(failure)


class _Lines:
    """Puts a line where a journal of before has a byte of a log, reading each log once: they ascend."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, int]] = {}

    def instead(self, failure: Failure) -> Failure:
        """The failure with the line that its byte is in; the log alone where that is gone."""
        log, colon, position = failure.log.rpartition(":")
        if not colon or not position.isdecimal():
            return failure
        start, lines = self._read.get(log, (0, 0))
        wanted = int(position)
        if wanted < start:
            start, lines = 0, 0
        try:
            with (self._folder / log).open("rb") as file:
                file.seek(start)
                lines += file.read(wanted - start).count(b"\n")
        except OSError:
            return replace(failure, log=f"{log}:1")
        self._read[log] = wanted, lines
        return replace(failure, log=f"{log}:{lines + 1}")


def line_of(failure: Failure) -> bytes:
    """A failure as a line of a journal."""
    text = json.dumps(asdict(failure))
    return f"{crc32(text.encode()):08x} {text}\n".encode()


def parsed(line: bytes) -> Failure | None:
    """What a line says; None if it is torn, or says nothing that a runner writes."""
    if not line.endswith(b"\n") or line[:8] != b"%08x" % crc32(line[9:-1]):
        return None
    try:
        told = json.loads(line[9:])
        told["unresolved"] = tuple(Unresolved(**each) for each in told.get("unresolved", ()))
        failure = Failure(**told)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    counts = [failure.first, failure.count, failure.attempt]
    for rest in failure.unresolved:
        counts += (rest.first, rest.count, rest.attempts)
    texts = (failure.type, failure.message, failure.traceback, failure.log)
    times = (failure.ended, failure.seconds)
    sound = all(type(n) is int and 0 <= n < 1 << 63 for n in counts) and failure.count > 0
    sound = sound and all(type(t) in (int, float) and isfinite(t) for t in times)
    sound = sound and (failure.how, failure.verdict) in _FATES
    return failure if sound and all(type(text) is str for text in texts) else None


def _cut_torn_line(path: Path) -> None:
    whole = 0
    try:
        with path.open("rb+") as file:
            for line in file:
                if parsed(line) is None:
                    break
                whole += len(line)
            file.truncate(whole)
    except FileNotFoundError:
        return
