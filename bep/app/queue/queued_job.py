"""A job that is in the queue and has no folder yet, as a record. Opens no queue."""

import json
from collections.abc import Callable

from bep.runner.folder.record import JobRecord
from bep.runner.reporting.text import failure_lines
from bep.schemas.next_step import Step, step


class QueuedJob(JobRecord):
    """A job that has no folder yet: it waits in line, or what it needs is being made ready, or it ended before that.

    `waits` says behind whom, where that was asked; `is_unattended` that nobody is there who would start it.
    """

    ticket: int = 0
    waits: str = ""
    is_unattended: bool = False


def queued_lines(record: QueuedJob, say: Callable[[Step], str] | None = None) -> list[str]:
    """How it stands with a job that never had a folder, for a person."""
    ended = record.status.is_final
    told = [f"job {record.name} {record.status.value}: " + ("it never began" if ended else record.waits or "not begun")]
    if record.error:
        told.extend(failure_lines(record.error))
    steps = [(say(one), why) for one, why in next_of_queued(record)] if say else []
    width = max((len(command) for command, _ in steps), default=0)
    return [*told, *(f"next: {command:<{width}}  {why}" for command, why in steps)]


def next_of_queued(record: QueuedJob) -> list[tuple[Step, str]]:
    """Steps that make sense now."""
    if record.status.is_final:
        return [(step("job delete", record.name), "takes it off the list")]
    return [
        *([(step("serve"), "starts it when it is its turn")] if record.is_unattended else []),
        (step("job stream", record.name), "follows it once it has begun"),
        (step("job cancel", record.name), "takes it out of the line"),
    ]


def text_of(record: JobRecord) -> str:
    """A record as the queue keeps it."""
    return json.dumps(record.model_dump(mode="json"))
