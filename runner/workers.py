"""One worker process as the runner sees it: its pipes, its leases, what it does, how it is ended."""

import os
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bep.runner.backlog import Span
from bep.runner.worker import wire


@dataclass(frozen=True, slots=True)
class Heart:
    """What a worker's shared memory says: since when (monotonic) it does what, of which lease, from which item."""

    started: float
    phase: int
    sequence: int
    first: int


@dataclass(slots=True)
class Lease:
    """A span that a worker has. `failed` holds the first items of its calls that the worker has told to have failed."""

    sequence: int
    span: Span
    failed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Doom:
    """Why the runner ends a worker: `kind` for a machine, the call that is to blame, when it is killed outright, and
    how long its error log was before."""

    kind: str
    reason: str
    call: Span | None
    kill_at: float
    log_size: int


@dataclass(slots=True)
class Worker:
    """One process and the near ends of its pipes. `number` is never used again in the job; `slot` is."""

    number: int
    slot: int
    process: subprocess.Popen[bytes]
    leases_pipe: int
    answers_pipe: int
    lifeline: int
    sentinel: int
    log: Path
    stderr: Path
    name: str
    leases: deque[Lease] = field(default_factory=deque)
    ready: bool = False
    stopping: bool = False
    hired: float = field(default_factory=time.monotonic)
    doom: "Doom | None" = None
    stolen_at: float = 0.0
    stolen_up_to: int = 0
    closed: bool = False
    heard: bytearray = field(default_factory=bytearray)

    def send(self, lease: Lease) -> None:
        """Hand out a lease. A worker that has just died takes it into its grave; the sentinel will say so."""
        self.leases.append(lease)
        span = lease.span
        with suppress(OSError):
            os.write(self.leases_pipe, wire.LEASE.pack(lease.sequence, span.first, span.count, span.size))

    def frames(self) -> list[tuple[int, bytes]]:
        """The whole messages that have arrived; reads what there is and never waits."""
        while True:
            try:
                more = os.read(self.answers_pipe, 1 << 16)
            except BlockingIOError:
                break
            self.heard += more
            self.closed = not more
            if len(more) < 1 << 16:
                break
        found = []
        while len(self.heard) >= wire.FRAME.size:
            kind, length = wire.FRAME.unpack_from(self.heard)
            if len(self.heard) < wire.FRAME.size + length:
                break
            found.append((kind, bytes(self.heard[wire.FRAME.size : wire.FRAME.size + length])))
            del self.heard[: wire.FRAME.size + length]
        return found

    def kill(self) -> None:
        """SIGKILL it and whatever it forked: they share a process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()

    def dismiss(self) -> None:
        """Say that there is no more work: it calls the script's `shutdown()` and ends."""
        self.stopping = True
        os.close(self.leases_pipe)
        self.leases_pipe = -1

    @property
    def is_dismissed(self) -> bool:
        """Whether it was told to shut down; one that was not ready by then was killed without a word."""
        return self.leases_pipe < 0

    def bury(self) -> int:
        """End the whole group, wait, and close the pipes; the exit code, or minus a signal."""
        self.kill()
        code = self.process.wait()
        for file in (self.leases_pipe, self.answers_pipe, self.lifeline, self.sentinel):
            if file >= 0:
                os.close(file)
        return code
