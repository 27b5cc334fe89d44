"""The jobs of a workspace at a glance: what goes on, what failed lately, the last one of each endpoint. Reads once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bep.app.job_records import deployment_of
from bep.app.jobs.service import jobs_of
from bep.app.jobs.summaries import page_of
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord
    from bep.schemas.address import Address

LATELY: Final = timedelta(days=1)
WENT_WRONG: Final = ("Failed", "NotResponding")


@dataclass(frozen=True)
class Glance:
    """The jobs that go on or wait, oldest first and counted as of now; those that went wrong since yesterday, newest
    first; by endpoint and by deployment the newest job, and by endpoint how many go on."""

    going_on: "Sequence[JobRecord]"
    went_wrong: "Sequence[JobRecord]"
    newest: "Mapping[str, JobRecord]"
    newest_by_deployment: "Mapping[Address, JobRecord]"
    busy: Mapping[str, int]


def jobs_at_a_glance(opened: "Reading", now: datetime) -> Glance:
    """All of it, from one look at the records."""
    jobs = jobs_of(opened)
    every = sorted(jobs.chosen(), key=lambda record: (record.created, record.name))
    open_ones = [record for record in every if not record.status.is_final]
    busy: dict[str, int] = {}
    for record in open_ones:
        busy[record.target.endpoint] = busy.get(record.target.endpoint, 0) + 1
    wrong = [record for record in reversed(every) if record.status in WENT_WRONG and _ended(record) >= now - LATELY]
    return Glance(
        [_as_of_now(jobs.get(record.name), record) for record in open_ones],
        wrong,
        {record.target.endpoint: record for record in every},
        {deployment_of(record): record for record in every},
        busy,
    )


def is_counted(record: "JobRecord") -> bool:
    """Whether anybody counts its items: a service does not."""
    return page_of(record) is None


def _ended(record: "JobRecord") -> datetime:
    return record.finished or record.started or record.created


def _as_of_now(counted: "JobRecord", listed: "JobRecord") -> "JobRecord":
    """Two jobs may have ended between two looks: then as it was listed."""
    return listed if counted.name != listed.name else counted
