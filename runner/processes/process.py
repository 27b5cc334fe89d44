"""One worker process as the runner sees it: its pipes, its leases, what it does, how it is ended."""

import json
import os
import signal
import struct
import subprocess
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bep.runner.processes.masked_logs import MaskedLog
from bep.runner.span import Span
from bep.runner.worker import wire

_PARTING = 0.2  # seconds that killed processes get to go; a container's init may never collect them
_LONGEST = 1 << 24  # bytes of a message; the longest have a traceback and a message of 64 kB, escaped


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker's shared memory says: since when (monotonic) it does what, of which lease, from which item."""

    started: float
    phase: int
    sequence: int
    first: int


@dataclass(slots=True)
class Lease:
    """A span that a worker has, and which attempt that is. `failed` holds the first items of its calls that the worker
    has told to have failed."""

    sequence: int
    span: Span
    attempt: int = 1
    failed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class KillReason:
    """Why the runner ends a worker: `kind` for a machine, the call that is to blame, when it is killed outright, and
    how long its error log was before."""

    kind: str
    reason: str
    call: Span | None
    kill_at: float
    log_size: int


@dataclass(slots=True)
class Worker:
    """One process and the near ends of its pipes. `number` is never used again in the job; `slot` is. `code` is the
    folder of its script's code, and what the user calls that; `masked` are the logs that it writes through the runner.
    """

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
    code: tuple[str, str] = ("", "")
    masked: tuple[MaskedLog, ...] = ()
    leases: deque[Lease] = field(default_factory=deque)
    ready: bool = False
    stopping: bool = False
    started_at: float = field(default_factory=time.monotonic)
    kill_reason: "KillReason | None" = None
    fatal: dict[str, Any] | None = None
    stolen_at: float = 0.0
    stolen_up_to: int = 0
    closed: bool = False
    garbled: bool = False
    asked: float = field(default_factory=time.monotonic)
    heard: bytearray = field(default_factory=bytearray)

    def send(self, lease: Lease) -> None:
        """Hand out a lease. To a worker that has just died it is lost; the sentinel says that it has died."""
        self.leases.append(lease)
        self.asked = time.monotonic()
        span = lease.span
        told = wire.LEASE.pack(lease.sequence, span.first, span.count, span.size, lease.attempt)
        with suppress(OSError):
            os.write(self.leases_pipe, told)

    def frames(self) -> list[tuple[int, Any]]:
        """The whole messages that have arrived: kind, and what `wire` says of it. Reads what there is, never waits.

        What no worker can have written makes it `garbled`: a script has written to a descriptor that is not its own.
        """
        while True:
            try:
                more = os.read(self.answers_pipe, 1 << 16)
            except BlockingIOError:
                break
            self.heard += more
            self.closed = not more
            if len(more) < 1 << 16:
                break
        found: list[tuple[int, Any]] = []
        while len(self.heard) >= wire.FRAME.size and not self.garbled:
            kind, length = wire.FRAME.unpack_from(self.heard)
            self.garbled = kind not in wire.KINDS or length > _LONGEST
            if len(self.heard) < wire.FRAME.size + length:
                break
            try:
                found.append((kind, _told(kind, bytes(self.heard[wire.FRAME.size : wire.FRAME.size + length]))))
            except (ValueError, struct.error):
                self.garbled = True
            del self.heard[: wire.FRAME.size + length]
        return found

    def has_ended(self, patience: float = 0.0) -> bool:
        """Whether the process ends within so many seconds. It is not collected, so its number stays its own."""
        until = time.monotonic() + patience
        with suppress(ChildProcessError):
            while not self._is_over():
                if time.monotonic() >= until:
                    return False
                time.sleep(0.001)
        return True

    def _is_over(self) -> bool:
        if not hasattr(os, "waitid"):  # macOS: it is collected; what it forked keeps the group's number, if anything
            return self.process.poll() is not None
        return bool(os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))

    def _await_group(self) -> None:
        """What was killed with it takes a moment to go: memory is let go page by page."""
        until = time.monotonic() + _PARTING
        with suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < until:
                os.killpg(self.process.pid, 0)
                time.sleep(0.001)

    def kill(self) -> None:
        """SIGKILL it and whatever it forked: they share a process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()

    def dismiss(self) -> None:
        """Say that there is no more work: it calls the script's `shutdown()` and ends."""
        self.stopping = True
        self.asked = time.monotonic()
        os.close(self.leases_pipe)
        self.leases_pipe = -1

    @property
    def is_dismissed(self) -> bool:
        """Whether it was told to shut down; one that was not ready by then was killed without a word."""
        return self.leases_pipe < 0

    def reap(self) -> int:
        """End the whole group, wait, and close the pipes; the exit code, or minus a signal."""
        self.kill()
        code = self.process.wait()
        self._await_group()
        for log in self.masked:
            log.close()
        for file in (self.leases_pipe, self.answers_pipe, self.lifeline, self.sentinel):
            if file >= 0:
                os.close(file)
        return code


def _told(kind: int, payload: bytes) -> Any:
    """A message's content. Raises `ValueError` or `struct.error` for what no worker writes."""
    match kind:
        case wire.READY:
            return None
        case wire.LEASED:
            return wire.DONE.unpack(payload)
    told = json.loads(payload)
    if not isinstance(told, dict) or any(type(told.get(name)) is not kind for name, kind in _FIELDS[kind].items()):
        raise ValueError("not what a worker says")
    if kind == wire.FAILED and told["how"] not in wire.ENDINGS:
        raise ValueError("not what a worker says")
    return told


_WHY = {"type": str, "message": str, "traceback": str}
_CALL = {"first": int, "count": int, "line": int}
_FIELDS: Mapping[int, Mapping[str, type]] = {
    wire.FAILED: {**_WHY, **_CALL, "how": str},
    wire.SHORT: {**_WHY, **_CALL},
    wire.FATAL: {**_WHY, "where": str},
    wire.NOTICE: {**_WHY, "where": str},
}
"""What messages with an object hold at least."""
