"""What every page of one job has: its name, its status, its tabs, what can be done with it now. Knows no route."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bep.app.jobs.in_line.going_on import can_resume, can_retry
from bep.app.jobs.summaries import page_of
from bep.lazy_dataclasses import dataclass
from bep.server.studio.pages import Entry, Visit
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from fastapi import Response

    from bep.app.jobs.records import JobRecord

JOBS: Final = address_of("jobs")
OVERVIEW: Final = "Overview"


@dataclass(frozen=True)
class Tab:
    """One page of a job; `count` is of what there is on it, None where nobody counts that."""

    title: str
    path: str
    count: int | None = None


@dataclass(frozen=True)
class Head:
    """A job at the top of each of its pages. `page` is where its service shows it, empty for one of this machine; a job
    that has not begun has nothing to be looked at but itself."""

    name: str
    path: str
    status: str
    endpoint: str
    deployment: str
    created: datetime
    finished: datetime | None
    seconds: float
    runs: int
    is_over: bool
    is_here: bool
    has_begun: bool
    page: str
    tabs: tuple[Tab, ...]
    can_resume: bool
    can_retry: bool
    failed: int

    @property
    def can_cancel(self) -> bool:
        """Whether there is anything to be ended."""
        return not self.is_over


def head_of(record: "JobRecord") -> Head:
    """The head of a job's pages."""
    page, path = page_of(record), address_of("jobs", record.name)
    has_begun = page is None and record.folder.exists()
    return Head(
        name=record.name,
        path=path,
        status=str(record.status),
        endpoint=record.target.endpoint,
        deployment=record.target.deployment,
        created=record.created,
        finished=record.finished,
        seconds=record.seconds,
        runs=record.runs,
        is_over=record.status.is_final,
        is_here=page is None,
        has_begun=has_begun,
        page=page or "",
        tabs=tuple(_tabs(record, path, has_begun=has_begun)),
        can_resume=has_begun and can_resume(record),
        can_retry=has_begun and can_retry(record),
        failed=record.counts.failed,
    )


def _tabs(record: "JobRecord", path: str, *, has_begun: bool) -> "list[Tab]":
    if not has_begun:
        return [Tab(OVERVIEW, path)]
    counts = record.counts
    return [
        Tab(OVERVIEW, path),
        Tab("Results", f"{path}/results"),
        Tab("Inputs", f"{path}/inputs", counts.items),
        Tab("Failed items", f"{path}/failed", counts.failed),
        Tab("Logs", f"{path}/logs"),
        Tab("Settings", f"{path}/settings"),
    ]


def job_page(visit: Visit, template: str, record: "JobRecord", tab: str, **values: Any) -> "Response":
    """A page of a job: what is on the tab of this title, below what every page of it has."""
    head = head_of(record)
    title = record.name if tab == OVERVIEW else f"{tab} of {record.name}"
    trail = [Entry("Jobs", JOBS), *([] if tab == OVERVIEW else [Entry(record.name, head.path)])]
    return visit.page(template, title, current=JOBS, trail=trail, head=head, tab=tab, **values)
