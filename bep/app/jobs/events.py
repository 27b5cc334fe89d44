"""What a job tells while it runs, by the names that faces use, and each event as JSON has it."""

from typing import Any

from bep.app.queue.line import waiting_text
from bep.lazy_dataclasses import asdict, dataclass
from bep.runner.events import Event as Scoring
from bep.runner.events import (
    JobFinished,
    JobStarted,
    MiniBatchFailed,
    Progress,
    Transferring,
    WorkerLost,
    WorkerState,
)

__all__ = [
    "Event",
    "InLine",
    "JobFinished",
    "JobStarted",
    "Logged",
    "MiniBatchFailed",
    "Progress",
    "StatusChanged",
    "Transferring",
    "WorkerLost",
    "WorkerState",
    "as_json",
]


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A job that a service runs has another status by now."""

    status: str


@dataclass(frozen=True, slots=True)
class Logged:
    """Whole lines that a job which a service runs has added to one of its logs; `begins` with the first."""

    file: str
    begins: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InLine:
    """A job waits for `instances` of a compute, of whose `capacity` (None: any number) so many are `taken`; `behind`
    are the jobs that have them, or are to have some first."""

    job: str
    compute: str
    instances: int
    capacity: int | None
    taken: int
    behind: tuple[str, ...]

    def __str__(self) -> str:
        return waiting_text(self.behind, self.taken, self.capacity, self.compute)


Event = Scoring | InLine | StatusChanged | Logged


_TYPES = {
    Transferring: "transferring",
    Progress: "progress",
    MiniBatchFailed: "mini_batch_failed",
    WorkerLost: "worker_lost",
    InLine: "in_line",
    StatusChanged: "job_status",
    Logged: "job_log",
}


def as_json(event: Event) -> dict[str, Any]:
    """One object; `type` says which event. The first and the last have the job's whole record."""
    from bep.app.jobs.summaries import whole_of

    if isinstance(event, JobStarted | JobFinished):
        name = "job_started" if isinstance(event, JobStarted) else "job_finished"
        return {"type": name, "record": whole_of(event.record)}
    return {"type": _TYPES[type(event)], **asdict(event)}
