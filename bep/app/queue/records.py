"""What is in the queue, as records of jobs: those that wait, and those that ended before they had a folder."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from bep.app.queue.line import HOLDING
from bep.app.queue.queue import Entry, Queue
from bep.app.queue.queued_job import QueuedJob
from bep.runner.folder.record import JobError, JobRecord, Status, where_it_is


def queued(home: Path, job: str | None = None) -> Mapping[str, Entry]:
    """What there is in the queue of each job, or of one, by its name. Raises `Refused` where it cannot be read."""
    queue = Queue(home)
    there = [now for entry in queue.listed(job) if (now := queue.as_entry_is(entry)) is not None]
    return {entry.ticket.job: entry for entry in there}


def merged(entries: Mapping[str, Entry], folders: Iterable[JobRecord], jobs: Path) -> list[JobRecord]:
    """The jobs of the queue and those that have folders below `jobs`, oldest first. What the queue has is to be asked
    for first: a job leaves it for a folder, and never the other way."""
    begun = {record.name: _as_queued(record, entries.get(record.name)) for record in folders}
    only = [
        _record(entry, jobs / name) for name, entry in entries.items() if name not in begun and entry.record is not None
    ]
    return sorted([*begun.values(), *only], key=lambda record: (record.created, record.name))


def _record(entry: Entry, folder: Path) -> QueuedJob:
    kept = where_it_is(QueuedJob.model_validate(json.loads(entry.record or "{}")), folder)
    finished = datetime.fromisoformat(entry.finished) if entry.finished else None
    changes = {"status": status_of(entry), "error": _error(entry), "ticket": entry.ticket.number, "finished": finished}
    return kept.model_copy(update=changes)


def status_of(entry: Entry) -> Status:
    """Of a job without a folder."""
    if not entry.ticket.is_open:
        return Status(entry.status)
    return Status.PREPARING if entry.ticket.state == HOLDING else Status.QUEUED


def _as_queued(record: JobRecord, entry: Entry | None) -> JobRecord:
    """A job whose process died: an order goes on by itself, unless it was given up."""
    if entry is None or record.status is not Status.NOT_RESPONDING or not entry.ticket.is_order:
        return record
    if entry.ticket.is_open:
        return record.model_copy(update={"status": Status.QUEUED, "error": None})
    if (error := _error(entry)) is not None:
        return record.model_copy(update={"status": Status.FAILED, "error": error})
    return record


def _error(entry: Entry) -> JobError | None:
    return JobError.model_validate(json.loads(entry.error)) if entry.error else None
