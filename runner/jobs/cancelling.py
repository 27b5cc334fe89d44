"""Ends a job that another process runs, or writes down that a dead one is over. Knows no workspace and no terminal."""

import os
import signal
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from bep.runner.errors import JobBusy
from bep.runner.folder.folder import JobFolder, wait_for_parts
from bep.runner.folder.record import JobRecord, Status, read, save
from bep.runner.inputs import listing
from bep.runner.jobs.counting import with_totals
from bep.runner.jobs.totals import Totals, history_of, tallied, write_failed_items
from bep.runner.outputs.columns import columns_of

_ORPHANS = 10.0  # seconds that the kernel gets to end the workers of a runner that was killed


def interrupt(path: Path, *, at_once: bool = False) -> int | None:
    """Send SIGINT (`at_once`: SIGKILL) to the process that runs the job in this folder; its number, None if none does.

    Whoever holds the job's lock is alive and has that job, so a number that the system gave to another program since
    is never signalled. Raises `JobBusy` where the process is another user's.
    """
    folder = JobFolder(path)
    process = folder.holder()
    if process is None or process == os.getpid():
        return None
    number = signal.SIGKILL if at_once else signal.SIGINT
    try:
        if not hasattr(os, "pidfd_open"):
            os.kill(process, number)
            return process
        handle = os.pidfd_open(process)
        try:
            if folder.holder() != process:  # it ended, and the number may be another's, between the two looks
                return None
            signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
    except ProcessLookupError:
        return None
    except PermissionError:
        raise JobBusy(f"{path.name} is run by process {process} of another user, who alone can cancel it") from None
    return process


def record_cancelled(path: Path) -> JobRecord:
    """Write down that a job which nobody runs is Canceled, and what its workers had scored by then.

    A job that is over is returned as it is; one that was cancelled can be resumed. Raises `JobInvalid`, `JobBusy`.
    """
    folder = JobFolder(path)
    with folder.held():
        record = read(folder)
        if record.status.is_final:
            return record
        wait_for_parts(folder.parts, _ORPHANS)
        ended = _counted(folder, record).model_copy(
            update={"status": Status.CANCELED, "finished": datetime.now(UTC), "error": None}
        )
        save(ended)
        return ended


def _counted(folder: JobFolder, record: JobRecord) -> JobRecord:
    """The record with the counts that the journals have; the runner wrote them last when it began."""
    listed = listing.recorded(folder, record)
    if listed is None:
        return record
    past, totals = history_of(folder, record.settings), Totals()
    deque(tallied(folder, listed, totals, past, columns_of(folder.parts)), maxlen=0)
    write_failed_items(folder, listed, past, totals)
    return record.model_copy(update={"counts": with_totals(record.counts, totals)})
