"""A job's record, as faces see it: its status, its last lines, the steps that make sense next. Runs nothing."""

from collections.abc import Callable

from bep.app.jobs.in_service.record import ServedJob, next_of_served, served_lines
from bep.app.queue.queued_job import QueuedJob, next_of_queued, queued_lines
from bep.runner.folder.record import JobError, JobRecord, Status
from bep.runner.reporting import text
from bep.runner.reporting.text import becoming
from bep.schemas.next_step import Step

__all__ = ["JobError", "JobRecord", "QueuedJob", "ServedJob", "Status", "becoming", "lines", "next_of"]


def lines(record: JobRecord, say: Callable[[Step], str] | None = None) -> list[str]:
    """What a job came to, for a person; what would help last, in the words of whoever asks: `say`."""
    match record:
        case ServedJob():
            return served_lines(record, say)
        case QueuedJob():
            return queued_lines(record, say)
        case _:
            return text.lines(record, say)


def next_of(record: JobRecord) -> list[tuple[Step, str]]:
    """Steps that make sense now, and what each is for."""
    match record:
        case ServedJob():
            return next_of_served(record)
        case QueuedJob():
            return next_of_queued(record)
        case _:
            return text.next_of(record)
