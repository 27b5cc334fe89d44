"""Ends what a scoring script has started outside its worker's process group: daemons. Knows /proc, and no job.

Every worker has its mark in its environment, which children inherit whatever session they begin. One that was given an
environment of its own is not found, and nothing is found where there is no /proc.
"""

import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_NAME = "BEP_WORKER"
_JOB = "BEP_JOB"
_ROUNDS = 20  # looks at the processes: one that is being ended may start another until it has gone
_PAUSE = 0.005  # seconds between two looks


def marked(environment: Mapping[str, str], parts: Path, worker: str) -> dict[str, str]:
    """The environment of a worker that writes to the folder `parts`."""
    return {**environment, _NAME: f"{parts.absolute()}:{worker}"}


def marked_as_of(environment: Mapping[str, str], job: str) -> dict[str, str]:
    """The environment of workers, on any machine, of the job that has this mark."""
    return {**environment, _JOB: job}


def end(parts: Path, workers: Collection[str] = ()) -> None:
    """SIGKILL whatever carries the mark of one of these workers, or of any that wrote to this folder."""
    mark = os.fsencode(f"{_NAME}={parts.absolute()}:")
    marks = [mark + os.fsencode(worker) + b"\0" for worker in workers] or [mark]
    _end(lambda process: _carries(process, marks))


def end_of_job(job: str, is_over: Callable[[Path], bool]) -> None:
    """SIGKILL whatever carries the mark of this job and was started by a worker that wrote to a folder of which it is
    said that it is over: another session of the job may be at work here.

    A process that sees other numbers of processes, or other files, is a machine of its own here.
    """
    known: dict[Path, bool] = {}

    def is_left(process: int) -> bool:
        said = _environment(process).split(b"\0")
        mark = next((one for one in said if one.startswith(os.fsencode(f"{_NAME}="))), b"")
        if os.fsencode(f"{_JOB}={job}") not in said or not mark or not _sees_the_same(process):
            return False
        parts = Path(os.fsdecode(mark).removeprefix(f"{_NAME}=").rpartition(":")[0])
        return known[parts] if parts in known else known.setdefault(parts, is_over(parts))

    _end(is_left)


def _end(is_left: Callable[[int], bool]) -> None:
    for _ in range(_ROUNDS):
        found = [process for process in _processes() if is_left(process)]
        for process in found:
            _kill(process, is_left)
        if not found:
            return
        time.sleep(_PAUSE)


class Sweep:
    """Ends what workers that have died leave behind, several of them at a look.

    A look costs some 50 microseconds a process of the machine, and nobody is given work meanwhile: so at most a
    twentieth of the time goes into it. What a job has left at its end, `end` takes care of.
    """

    def __init__(self, parts: Path) -> None:
        self._parts = parts
        self._gone: list[str] = []
        self._next = 0.0

    def add(self, worker: str) -> None:
        """This worker has died."""
        self._gone.append(worker)

    def look(self) -> None:
        """End what they have left, if it is time for that."""
        began = time.monotonic()
        if not self._gone or began < self._next:
            return
        end(self._parts, self._gone)
        self._gone = []
        now = time.monotonic()
        self._next = now + 20 * (now - began)


def _sees_the_same(process: int) -> bool:
    try:
        return all(Path(f"/proc/{process}/ns/{of}").samefile(f"/proc/self/ns/{of}") for of in ("pid", "mnt"))
    except OSError:
        return False


def _processes() -> Iterator[int]:
    with suppress(FileNotFoundError):
        own = str(os.getpid())
        for name in os.listdir("/proc"):  # noqa: PTH208 - a tenth of Path's time, for every process of the machine
            if name.isdecimal() and name != own:
                yield int(name)


def _carries(process: int, marks: Collection[bytes]) -> bool:
    said = _environment(process)
    return any(said.startswith(mark) or b"\0" + mark in said for mark in marks)


def _environment(process: int) -> bytes:
    """What a process was started with; nothing of another user's, or of one that has gone."""
    try:
        file = os.open(f"/proc/{process}/environ", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, 1 << 22)
    except OSError:
        return b""
    finally:
        os.close(file)


def _kill(process: int, is_left: Callable[[int], bool]) -> None:
    """The number may be another process's by now: what is signalled is the one that is looked at again."""
    with suppress(OSError):
        handle = os.pidfd_open(process)
        try:
            if is_left(process):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
