"""Ends what a scoring script has started outside its worker's process group: daemons. Knows /proc, and no job.

Every worker has its mark in its environment, which children inherit whatever session they begin. One that was given an
environment of its own is not found, and nothing is found where there is no /proc.
"""

import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_NAME = "BEP_WORKER"
_ROUNDS = 20  # looks at the processes: one that is being ended may start another until it has gone
_PAUSE = 0.005  # seconds between two looks


def marked(environment: Mapping[str, str], parts: Path, worker: str) -> dict[str, str]:
    """The environment of a worker that writes to the folder `parts`."""
    return {**environment, _NAME: f"{parts.absolute()}:{worker}"}


def end(parts: Path, workers: Collection[str] = ()) -> None:
    """SIGKILL whatever carries the mark of one of these workers, or of any that wrote to this folder."""
    mark = os.fsencode(f"{_NAME}={parts.absolute()}:")
    marks = [mark + os.fsencode(worker) + b"\0" for worker in workers] or [mark]
    for _ in range(_ROUNDS):
        found = [process for process in _processes() if _carries(process, marks)]
        for process in found:
            _kill(process, marks)
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


def _processes() -> Iterator[int]:
    with suppress(FileNotFoundError):
        own = str(os.getpid())
        for name in os.listdir("/proc"):  # noqa: PTH208 - a tenth of Path's time, for every process of the machine
            if name.isdecimal() and name != own:
                yield int(name)


def _carries(process: int, marks: Collection[bytes]) -> bool:
    try:
        file = os.open(f"/proc/{process}/environ", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # another user's, or gone
        return False
    try:
        said = os.read(file, 1 << 22)
    except OSError:
        return False
    finally:
        os.close(file)
    return any(said.startswith(mark) or b"\0" + mark in said for mark in marks)


def _kill(process: int, marks: Collection[bytes]) -> None:
    """The number may be another process's by now: what is signalled is the one that is looked at again."""
    with suppress(OSError):
        handle = os.pidfd_open(process)
        try:
            if _carries(process, marks):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
