"""What scheduling knows of each worker: what it was given, what is wanted of it, why it is ended. Starts none."""

from collections import deque
from typing import Any

from bep.lazy_dataclasses import dataclass, field
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
    """One worker. `started_at`, `asked` (last given work) and `stolen_at` are times of the fleet's clock."""

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

    def send(self, lease: Lease, now: float) -> None:
        """Hand out a lease."""
        self.leases.append(lease)
        self.asked = now
        self.process.send(lease.sequence, lease.span, lease.attempt)

    def dismiss(self, now: float) -> None:
        """Say that there is no more work."""
        self.stopping = True
        self.asked = now
        self.process.dismiss()
