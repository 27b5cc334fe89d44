"""What a job tells while it runs, by the names that faces use, and each event as JSON has it."""

from typing import Any

from bep.lazy_dataclasses import asdict
from bep.runner.events import (
    Event,
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
    "JobFinished",
    "JobStarted",
    "MiniBatchFailed",
    "Progress",
    "Transferring",
    "WorkerLost",
    "WorkerState",
    "as_json",
]

_TYPES = {
    Transferring: "transferring",
    Progress: "progress",
    MiniBatchFailed: "mini_batch_failed",
    WorkerLost: "worker_lost",
}


def as_json(event: Event) -> dict[str, Any]:
    """One object; `type` says which event. The first and the last have the job's whole record."""
    if isinstance(event, JobStarted | JobFinished):
        name = "job_started" if isinstance(event, JobStarted) else "job_finished"
        return {"type": name, "record": event.record.model_dump(mode="json")}
    return {"type": _TYPES[type(event)], **asdict(event)}
