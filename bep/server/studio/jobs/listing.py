"""The list of jobs, newest first, as it was asked for, a page at a time. Decides nothing."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from bep.app.jobs.filters import JobFilter, moment_of, statuses_named
from bep.app.jobs.records import Status
from bep.app.jobs.service import jobs_of
from bep.lazy_dataclasses import dataclass
from bep.server.studio.job_rows import row_of
from bep.server.studio.jobs.heads import JOBS
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing

PAGE: Final = 50
_MOST: Final = 10_000  # of the pages that anybody turns to

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@dataclass(frozen=True)
class Asked:
    """What the list is asked for, as it stands in the form."""

    status: str
    endpoint: str
    deployment: str
    since: str

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return any((self.status, self.endpoint, self.deployment, self.since))

    def page(self, number: int) -> str:
        """The path of a page of the same list."""
        given = {"status": self.status, "endpoint": self.endpoint, "deployment": self.deployment, "since": self.since}
        query = {name: value for name, value in given.items() if value} | ({"page": number} if number > 1 else {})
        return f"{JOBS}?{urlencode(query)}" if query else JOBS


@router.get(JOBS)
def jobs(
    visit: Visiting,
    status: str = "",
    endpoint: str = "",
    deployment: str = "",
    since: str = "",
    page: Annotated[int, Query(ge=1, le=_MOST)] = 1,
) -> Response:
    """The jobs of the workspace."""
    asked = Asked(status.strip(), endpoint.strip(), deployment.strip(), since.strip())
    wanted = JobFilter(
        statuses_named([asked.status] if asked.status else ()),
        asked.endpoint or None,
        asked.deployment or None,
        moment_of(asked.since, visit.now) if asked.since else None,
        page * PAGE + 1,
    )
    found = jobs_of(visit.opened).chosen(wanted)
    shown = found[(page - 1) * PAGE : page * PAGE]
    values: dict[str, Any] = {
        "rows": [row_of(record) for record in shown],
        "asked": asked,
        "statuses": [each.value for each in Status],
        "number": page,
        "newer": asked.page(page - 1) if page > 1 else "",
        "older": asked.page(page + 1) if len(found) > page * PAGE else "",
    }
    return visit.page("job_list.html", "Jobs", current=JOBS, **values)
