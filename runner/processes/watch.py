"""Waits for any worker to say something or to end, and for whoever rings. Knows no mini-batch."""

import os
import select
import threading
from contextlib import suppress

from bep.runner.processes.process import Process

_BELL = -1  # in the place of a worker's number


class Watch:
    """One poll over the pipes and the ends of all workers, and over a bell that any thread may ring."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._numbers: dict[int, int] = {}
        self._lock = threading.Lock()
        self._bell = _bell()
        self._poll.register(self._bell[0], select.POLLIN)
        self._numbers[self._bell[0]] = _BELL

    def add(self, process: Process) -> None:
        """Wait for this one too."""
        for file in (process.answers_pipe, process.sentinel):
            if file >= 0:
                self._poll.register(file, select.POLLIN)
                self._numbers[file] = process.number

    def drop(self, process: Process) -> None:
        """No longer. Call it before the worker's files are closed."""
        for file in (process.answers_pipe, process.sentinel):
            if file >= 0:
                self._poll.unregister(file)
                del self._numbers[file]

    def wait(self, seconds: float) -> set[int]:
        """The numbers of workers with news; none when the time is over, or somebody has rung."""
        found = {self._numbers[file] for file, _ in self._poll.poll(max(0, seconds) * 1000)}
        if _BELL in found:
            found.discard(_BELL)
            with suppress(BlockingIOError):
                os.read(self._bell[0], 1 << 16)
        return found

    def ring(self) -> None:
        """Let `wait` return at once, now or the next time. Any thread may; after `close` it does nothing."""
        with self._lock, suppress(BlockingIOError):  # it has been rung so often that it will be heard
            if self._bell:
                os.write(self._bell[-1], (1).to_bytes(8, "little"))

    def close(self) -> None:
        """Let the bell go."""
        with self._lock:
            for file in self._bell:
                os.close(file)
            self._bell = ()


def _bell() -> tuple[int, ...]:
    """A file to read and to write, in one where the system can; neither makes anybody wait."""
    if hasattr(os, "eventfd"):
        return (os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK),)
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends
