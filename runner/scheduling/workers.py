"""What scheduling knows of each worker: what it was given, what is wanted of it, why it is ended. Starts none."""

from collections import deque
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.runner.folder.parts import Scored
from bep.runner.scheduling.fleet import Process
from bep.runner.span import Span


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


@dataclass(slots=True, eq=False)
class Worker:
    """One worker. `started_at`, `asked` (last given work) and `stolen_at` are times of the fleet's clock.

    Of its records that were read while it lives: `scored` and `short` count their items, and `recorded` holds the first
    items of those whose leases it has not told to be done.
    """

    process: Process
    started_at: float
    asked: float
    leases: deque[Lease] = field(default_factory=deque)
    ready: bool = False
    stopping: bool = False
    kill_reason: KillReason | None = None
    fatal: dict[str, Any] | None = None
    stolen_at: float = 0.0
    stolen_up_to: int = 0
    scored: int = 0
    short: int = 0
    recorded: set[int] = field(default_factory=set)

    def send(self, lease: Lease, now: float) -> None:
        """Hand out a lease."""
        self.leases.append(lease)
        self.asked = now
        self.process.send(lease.sequence, lease.span, lease.attempt)

    def holds(self, first: int) -> bool:
        """Whether an item is in one of its leases."""
        return any(lease.span.first <= first < lease.span.end for lease in self.leases)

    def collect(self) -> list[Scored]:
        """Its records that were not read before; they are counted here."""
        new = list(self.process.records())
        for entry in new:
            self.scored += entry.good
            self.short += entry.items - entry.good
        self.recorded = {first for first in (*self.recorded, *(entry.first for entry in new)) if self.holds(first)}
        return new

    def dismiss(self, now: float) -> None:
        """Say that there is no more work."""
        self.stopping = True
        self.asked = now
        self.process.dismiss()
