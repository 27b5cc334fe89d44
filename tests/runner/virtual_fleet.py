"""A fleet without a process and without a clock of the machine: workers that take as long as a test says.

It says of itself what processes say: the same frames, heartbeats and records. Time passes in `wait` alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from bep.runner.folder.parts import Scored
from bep.runner.folder.record import JobError
from bep.runner.heartbeat import Heartbeat
from bep.runner.span import Span
from bep.runner.worker import wire

GOOD, RAISES, HANGS, DIES = "good", "raises", "hangs", "dies"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `run()`: which attempt at which items, by which worker, from when to when (never: infinity)."""

    worker: int
    first: int
    count: int
    attempt: int
    began: float
    ends: float


@dataclass(slots=True, eq=False)
class VirtualProcess:
    """One worker. It does what `fleet.act` says of each call."""

    fleet: "VirtualFleet"
    number: int
    slot: int
    ready_at: float
    name: str = ""
    log: Path = Path()
    stderr: Path = Path("absent")
    code: tuple[str, str] = ("", "")
    closed: bool = False
    garbled: bool = False
    is_dismissed: bool = False
    exit_code: int | None = None
    _leases: list[tuple[int, Span, int]] = field(default_factory=list)
    _said: list[tuple[int, Any]] = field(default_factory=list)
    _records: list[Scored] = field(default_factory=list)
    _read: int = 0
    _call: Call | None = None
    _how: str = GOOD
    _at: int = 0
    _calls: int = 0
    _busy: float = 0.0
    _stolen: int = 0
    _is_ready: bool = False
    part: int = field(init=False)
    _last: tuple[float, int, int] = (0.0, 0, 0)

    def __post_init__(self) -> None:
        self.part = self.number

    def send(self, sequence: int, span: Span, attempt: int) -> None:
        """Take a lease."""
        self._leases.append((sequence, span, attempt))

    def frames(self) -> Sequence[tuple[int, Any]]:
        """What was said since the last time."""
        said, self._said = self._said, []
        return said

    def has_news(self) -> bool:
        """Whether there is something to read, or an end to see."""
        return bool(self._said) or self.exit_code is not None

    def has_ended(self, patience: float = 0.0) -> bool:
        """Whether it has."""
        return self.exit_code is not None

    def interrupt(self) -> None:
        """End as a process does that gets SIGABRT."""
        self._end(-6)

    def kill(self) -> None:
        """End."""
        self._end(-9)

    def _end(self, code: int) -> None:
        if self.exit_code is None:
            self.exit_code = code

    def dismiss(self) -> None:
        """Shut down at once."""
        self.is_dismissed = True
        self._end(0)

    def memory(self) -> int | None:
        """It holds none."""
        return None

    def own_memory(self) -> int:
        """It holds none."""
        return 0

    def heartbeat(self) -> Heartbeat:
        """What it does now."""
        if not self._is_ready:
            return Heartbeat(self.ready_at, wire.PREPARING, 0, 0)
        if self._call:
            return Heartbeat(self._call.began, wire.RUNNING, self._leases[0][0], self._call.first)
        since, sequence, first = self._last
        return Heartbeat(since, wire.IDLE, sequence, first)

    def counts(self) -> tuple[int, int, int]:
        """Of its records."""
        return sum(record.good for record in self._records), 0, len(self._records)

    def take_back(self, sequence: int) -> None:
        """Begin nothing more up to that lease."""
        self._stolen = sequence

    def records(self) -> Sequence[Scored]:
        """Those of its records that were not read before."""
        new = self._records[self._read :]
        self._read += len(new)
        return new

    def reap(self) -> int:
        """End it and forget it."""
        self.kill()
        self.fleet.here.remove(self)
        assert self.exit_code is not None
        return self.exit_code

    def next_moment(self) -> float:
        """When something happens here next; infinity if nothing does."""
        if self.exit_code is not None:
            return inf
        if not self._is_ready:
            return self.ready_at
        if self._call:
            return self._call.ends
        return self.fleet.now() if self._leases else inf

    def go_on(self) -> None:
        """Let happen what happens up to now."""
        now = self.fleet.now()
        while self.exit_code is None and self.next_moment() <= now:
            if not self._is_ready:
                self._is_ready = True
                self._said.append((wire.READY, None))
            elif self._call:
                self._finish(self._call)
            else:
                self._begin(now)

    def _begin(self, now: float) -> None:
        sequence, span, attempt = self._leases[0]
        first = span.first + self._at
        if first >= span.end or self._stolen >= sequence:
            self._said.append((wire.LEASED, (sequence, self._calls, self._busy)))
            self._leases.pop(0)
            self._at, self._calls, self._busy = 0, 0, 0.0
            return
        count = min(span.size, span.end - first)
        self._how, seconds = self.fleet.act(first, count, attempt)
        ends = inf if self._how == HANGS else now + seconds
        self._call = Call(self.number, first, count, attempt, now, ends)
        self.fleet.calls.append(self._call)

    def _finish(self, call: Call) -> None:
        self._call, self._last = None, (call.ends, self._leases[0][0], call.first)
        seconds = call.ends - call.began
        if self._how == DIES:
            self._call = call  # it is in it when it dies
            self._end(3)
            return
        if self._how == RAISES:
            told = {"type": "ValueError", "message": "bad", "traceback": "", "line": 1, "how": wire.RAISED}
            self._said.append((wire.FAILED, {**told, "first": call.first, "count": call.count, "seconds": seconds}))
        else:
            record = Scored(
                call.first, call.count, call.count, 0, 0, 0, call.began, seconds, call.count, 0, self.number
            )
            self._records.append(record)
        self._at += call.count
        self._calls += 1
        self._busy += seconds


@dataclass(slots=True)
class VirtualFleet:
    """Workers that are ready after so many seconds. `act` says of a call (first, count, attempt) how it ends, and after
    how many seconds. `plans` are what others do, and in which second of the clock."""

    logs: Path
    act: Callable[[int, int, int], tuple[str, float]]
    prepare: float = 1.0
    calls: list[Call] = field(default_factory=list)
    plans: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    here: list[VirtualProcess] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    refusal: OSError | None = None
    is_closed: bool = False
    _is_rung: bool = False
    _now: float = 1000.0
    _next: int = 0

    def now(self) -> float:
        """The virtual clock."""
        return self._now

    def start(self, slot: int) -> VirtualProcess:
        """Start a worker, unless the machine refuses."""
        if self.refusal:
            raise self.refusal
        name = f"process{self._next:03d}"
        process = VirtualProcess(self, self._next, slot, self._now + self.prepare, name, self.logs / "node0" / name)
        self._next += 1
        self.here.append(process)
        return process

    def wait(self, seconds: float) -> set[int]:
        """Let time pass, to the next thing that happens or to the end of the wait."""
        if not self._is_rung and not any(process.has_news() for process in self.here):
            moments = [process.next_moment() for process in self.here] + [moment for moment, _ in self.plans]
            self._now = max(self._now, min([self._now + max(0.0, seconds), *moments]))
        self._is_rung = False
        for process in self.here:
            process.go_on()
        for plan in [plan for plan in self.plans if plan[0] <= self._now]:
            self.plans.remove(plan)
            plan[1]()
        return {process.number for process in self.here if process.has_news()}

    def ring(self) -> None:
        """No time passes in the next wait."""
        self._is_rung = True

    @property
    def started(self) -> int:
        """How many workers were started."""
        return self._next

    def kill_all(self) -> None:
        """What somebody else on the machine does."""
        for process in self.here:
            process.kill()

    def lost(self, name: str) -> None:
        """It leaves nothing behind."""

    def drop(self, part: int) -> None:
        """It is not needed."""
        self.dropped.append(part)

    def tidy(self) -> None:
        """There is nothing."""

    def advised(self, error: JobError | None) -> JobError | None:
        """Nothing mends it."""
        return error

    def close(self) -> None:
        """Over."""
        self.is_closed = True
