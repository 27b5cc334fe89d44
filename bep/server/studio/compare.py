"""Two jobs of one endpoint on the same inputs, side by side: the form, and what it finds. Decides nothing."""

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Response

from bep.app.failures import failure_of
from bep.app.jobs.comparing.comparison import comparable, compared
from bep.app.jobs.records import Status
from bep.app.jobs.service import jobs_of
from bep.command_words import said
from bep.server.studio.job_rows import JobRow, row_of
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.jobs.comparing.comparison import Compared
    from bep.server.studio.pages import Visit

COMPARE: Final = address_of("compare")
MOST: Final = 100
"""Jobs that the form offers; any other can be named in the address."""

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@router.get(COMPARE)
def compare(visit: Visiting, first: str = "", second: str = "") -> Response:
    """The form; with two jobs, what differs; with one, those that it can be compared with."""
    found, problem = _found(visit, first, second) if first and second else (None, "")
    return visit.page(
        "compare.html",
        "Compare",
        current=COMPARE,
        first=first,
        second=second,
        firsts=_offered(visit),
        seconds=_partners(visit, first) if first else [],
        found=found,
        problem=problem,
        job_path=lambda name: address_of("jobs", name),
    )


def _found(visit: "Visit", first: str, second: str) -> "tuple[Compared | None, str]":
    """What differs, or why that cannot be said: the form stays, so that others can be chosen."""
    try:
        return compared(visit.opened, first, second), ""
    except Exception as refused:
        failure = failure_of(refused)
        if failure is None:
            raise
        return None, said(failure.message, failure.next)


def _offered(visit: "Visit") -> list[JobRow]:
    completed = (record for record in reversed(jobs_of(visit.opened).chosen()) if record.status is Status.COMPLETED)
    return [row_of(record) for record, _ in zip(completed, range(MOST), strict=False)]


def _partners(visit: "Visit", first: str) -> list[JobRow]:
    try:
        record = jobs_of(visit.opened).get(first)
    except Exception as refused:
        if failure_of(refused) is None:
            raise
        return []
    return [row_of(other) for other in comparable(visit.opened, record)[:MOST]]
