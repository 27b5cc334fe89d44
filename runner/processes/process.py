"""One worker process as the runner sees it: its pipes, what it says, how it is ended. Knows no schedule."""

import json
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder.parts import Scored, path, read
from bep.runner.heartbeat import Heartbeat
from bep.runner.processes.masked_logs import MaskedLog
from bep.runner.processes.memory import proportional, resident
from bep.runner.span import Span
from bep.runner.worker import wire

_PARTING = 0.2  # seconds that killed processes get to go; a container's init may never collect them
_LONGEST = 1 << 24  # bytes of a message; the longest have a traceback and a message of 64 kB, escaped


@dataclass(slots=True, eq=False)
class Process:
    """A `scheduling.fleet.Process`: one process and the near ends of its pipes. `masked` are the logs that it writes
    through the runner; `shared` is its slot of shared memory; `forget` is called before its pipes are closed. It
    begins new parts if it `rolls`; its journals were read up to that byte of that `part`."""

    number: int
    slot: int
    popen: subprocess.Popen[bytes]
    leases_pipe: int
    answers_pipe: int
    lifeline: int
    sentinel: int
    log: Path
    stderr: Path
    name: str
    shared: memoryview
    journal: Path
    forget: "Callable[[Process], None]"
    code: tuple[str, str] = ("", "")
    masked: tuple[MaskedLog, ...] = ()
    rolls: bool = False
    read: int = 0
    part: int = field(init=False)
    closed: bool = False
    garbled: bool = False
    heard: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.part = self.number

    def send(self, sequence: int, span: Span, attempt: int) -> None:
        """Hand out a lease. To a worker that has just died it is lost; the sentinel says that it has died."""
        told = wire.LEASE.pack(sequence, span.first, span.count, span.size, attempt)
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
            return self.popen.poll() is not None
        return bool(os.waitid(os.P_PID, self.popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))

    def _await_group(self) -> None:
        """What was killed with it takes a moment to go: memory is let go page by page."""
        until = time.monotonic() + _PARTING
        with suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < until:
                os.killpg(self.popen.pid, 0)
                time.sleep(0.001)

    def interrupt(self) -> None:
        """Let it write the stack of its script, and end: milliseconds for a process that can."""
        os.kill(self.popen.pid, signal.SIGABRT)

    def memory(self) -> int | None:
        """Bytes that it and its descendants hold; see `memory.resident`."""
        return resident(self.popen.pid)

    def own_memory(self) -> int:
        """The same, what several share divided among them; see `memory.proportional`."""
        return proportional(self.popen.pid)

    def kill(self) -> None:
        """SIGKILL it and whatever it forked: they share a process group."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.popen.kill()

    def dismiss(self) -> None:
        """Say that there is no more work: it calls the script's `shutdown()` and ends."""
        os.close(self.leases_pipe)
        self.leases_pipe = -1

    @property
    def is_dismissed(self) -> bool:
        """Whether it was told to shut down; one that was not ready by then was killed without a word."""
        return self.leases_pipe < 0

    def heartbeat(self) -> Heartbeat:
        """What it does now. Two looks in a row that agree are the truth; one alone may be half old."""
        return Heartbeat(*wire.HEARTBEAT.unpack_from(self.shared))

    def counts(self) -> tuple[int, int, int]:
        """Items scored, items failed for want of results, mini-batches: of what is in its journal."""
        counts: tuple[int, int, int] = wire.COUNTS.unpack_from(self.shared, wire.COUNTS_AT)
        return counts

    def take_back(self, sequence: int) -> None:
        """Ask it to begin nothing more of its leases up to this one."""
        wire.STOLEN.pack_into(self.shared, wire.STOLEN_AT, sequence)

    def records(self) -> Iterator[Scored]:
        """The records of its journals that were not read before, up to one that is torn or not whole yet."""
        yield from self._rest()
        while self.rolls and (next_part := self._journal(self.part + wire.NEXT_PART)).exists():
            yield from self._rest()  # of the part before, which is whole since the next one is there
            self.part, self.journal, self.read = self.part + wire.NEXT_PART, next_part, 0
            yield from self._rest()

    def _rest(self) -> Iterator[Scored]:
        for scored in read(self.journal, self.part, self.read):
            self.read += wire.RECORD
            yield scored

    def _journal(self, part: int) -> Path:
        return path(self.journal.parent, part).with_suffix(".journal")

    def reap(self) -> int:
        """End the whole group, wait, and close the pipes; the exit code, or minus a signal."""
        self.forget(self)
        self.kill()
        code = self.popen.wait()
        self._await_group()
        for log in self.masked:
            log.close()
        for file in (self.leases_pipe, self.answers_pipe, self.lifeline, self.sentinel):
            if file >= 0:
                os.close(file)
        self.shared.release()
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
