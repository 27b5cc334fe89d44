"""How far a job is that has not ended, or whose runner is gone: from its journals alone. Writes nothing."""

import time
from collections import deque
from contextlib import suppress

from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts, JobRecord, Status
from bep.runner.inputs import listing
from bep.runner.jobs.totals import Totals, history_of


def with_totals(counts: Counts, totals: Totals) -> Counts:
    """The counts of a record with those of its journals in their place."""
    return counts.model_copy(update={"scored": totals.scored, "failed": totals.failed, "rows": totals.rows})


def so_far(record: JobRecord) -> JobRecord:
    """The record of a job with the counts and seconds of this moment; one that has ended is returned as it is.

    A runner writes counts when it ends, so one that runs, or was killed, has those of its run's beginning.
    """
    if record.is_prepared:
        return record
    folder = JobFolder(record.folder)
    listed = listing.recorded(folder, record)
    if listed is None or (record.status.is_final and record.status is not Status.NOT_RESPONDING):
        return record
    past, totals = history_of(folder, record.settings), Totals()
    deque(map(totals.add, parts.in_order(folder.parts)), maxlen=0)
    totals.given_up = sum(call.count for call in past.given_up)
    counts = with_totals(record.counts, totals).model_copy(
        update={
            "retries": max(record.counts.retries, past.retries),
            "splits": max(record.counts.splits, past.splits),
        }
    )
    return record.model_copy(update={"counts": counts, "seconds": record.seconds + _of_this_run(folder, record)})


def _of_this_run(folder: JobFolder, record: JobRecord) -> float:
    """Seconds since a runner took the job, which is when it wrote its lock, until now or until the last row."""
    with suppress(OSError):
        began = folder.taken()
        if record.status is not Status.NOT_RESPONDING:
            return round(max(0.0, time.time() - began), 3)
        written = [file.stat().st_mtime for file in (*folder.parts.glob("*.journal"), folder.journal) if file.exists()]
        return round(max(0.0, max(written, default=began) - began), 3)
    return 0.0
