"""A job ended that has no folder yet: taken out of the line, or what is made ready for it left off."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import Refused
from bep.app.job_records import record_of
from bep.app.queue.place import file_of
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.queue.line import Ticket
    from bep.app.queue.queue import Queue
    from bep.runner.folder.record import JobRecord

LOOK: Final = 0.1  # seconds between two looks at whether it has ended
PATIENCE: Final = 30.0  # seconds after which a process that was told to stop has not


def cancelled_in_line(home: Path, record: "JobRecord", *, at_once: bool) -> "JobRecord | None":
    """The job, Canceled; None where its folder says who runs it, if anybody does. Raises `Refused` where its process
    does not stop."""
    if not file_of(home).exists():
        return None
    from bep.app.queue.queue import Queue
    from bep.runner.folder.folder import JobFolder

    queue = Queue(home)
    entry = queue.entry_of(record.name)
    if entry is None or not entry.ticket.is_open:
        return None
    if queue.cancel(entry.ticket.number):
        return _as_left(home, record)
    if JobFolder(record.folder).holder() is not None:
        return None
    return _ended(queue, entry.ticket, home, record, at_once=at_once)


def _ended(queue: "Queue", ticket: "Ticket", home: Path, record: "JobRecord", *, at_once: bool) -> "JobRecord | None":
    """Ask the process that makes a job ready to leave off, and wait for that.

    It is asked once: the second time would end it at once. One whose job begins meanwhile cancels that.
    """
    until = time.monotonic() + PATIENCE
    process = queue.presence.interrupt(ticket.host, at_once=at_once)
    while time.monotonic() < until:
        now = queue.entry(ticket.number)
        if now is None or not now.ticket.is_open or queue.cancel(ticket.number):
            return _as_left(home, record)
        time.sleep(LOOK)
    raise still_running(record.name, process)


def still_running(job: str, process: int | None) -> Refused:
    """Of a process that was asked to stop and has not within `PATIENCE`."""
    kill = step("job cancel", job, force=True)
    told = f"{job}: process {process} was asked to stop {PATIENCE:g} seconds ago and still runs"
    return Refused(f"{told}\n    fix: wait, or {kill}", next=(kill,))


def _as_left(home: Path, record: "JobRecord") -> "JobRecord | None":
    """What is on record of a job that nobody makes ready any more; None where its folder is to say that it is over.

    Of one that is no order and had not begun nothing is left.
    """
    from bep.runner.folder.record import Status

    left = record_of(home, record.name)
    if left is None:
        return record.model_copy(update={"status": Status.CANCELED})
    return left if left.status.is_final and left.status is not Status.NOT_RESPONDING else None
