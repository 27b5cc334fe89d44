"""A job as one row of a table, for pages that list some. Pure; knows no page."""

from datetime import datetime
from typing import TYPE_CHECKING

from bep.app.overviews.jobs import is_counted
from bep.lazy_dataclasses import dataclass
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord


@dataclass(frozen=True)
class JobRow:
    """What a table has of a job. `items` and what comes of them are None where nobody counts them."""

    name: str
    path: str
    status: str
    endpoint: str
    deployment: str
    created: datetime
    ended: datetime | None
    seconds: float | None
    items: int | None
    done: int | None
    failed: int | None
    error: str
    error_code: str


def row_of(record: "JobRecord") -> JobRow:
    """The row of a job."""
    counts = record.counts if is_counted(record) else None
    error = record.error
    return JobRow(
        name=record.name,
        path=address_of("jobs", record.name),
        status=str(record.status),
        endpoint=record.target.endpoint,
        deployment=record.target.deployment,
        created=record.created,
        ended=record.finished,
        seconds=record.seconds if record.finished else None,
        items=counts.items if counts else None,
        done=counts.scored + counts.failed if counts else None,
        failed=counts.failed if counts else None,
        error=error.message if error else "",
        error_code=error.code if error else "",
    )
