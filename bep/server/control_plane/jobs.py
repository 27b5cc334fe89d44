"""Jobs over the routes of Azure Resource Manager: listed, looked at, cancelled. They are started by the scoring URI."""

from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from bep.app.jobs.service import jobs_of
from bep.server.access.callers import Following, Invoking
from bep.server.answers import Answering, Unanswered
from bep.server.control_plane.asked import Area, Asked
from bep.server.control_plane.job_bodies import job_body
from bep.server.control_plane.pages import listing
from bep.server.control_plane.reading import WORKSPACE

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

router = APIRouter(tags=["jobs"], route_class=Answering)

JOBS: Final = WORKSPACE + "/jobs"
ARCHIVED: Final = "ArchivedOnly"


@router.get(JOBS)
def list_jobs(
    request: Request,
    caller: Following,
    area: Asked,
    view: Annotated[str, Query(alias="listViewType", description="No job is archived here.")] = "ActiveOnly",
) -> dict[str, Any]:
    """The jobs, newest first."""
    found = [] if view.casefold() == ARCHIVED.casefold() else jobs_of(area.opened).chosen()
    place = area.site.address + quote(request.url.path)
    return listing(found, dict(request.query_params), place, lambda record: _body(area, record))


@router.get(JOBS + "/{job}")
def get_job(caller: Following, area: Asked, job: str) -> dict[str, Any]:
    """One job, as of now."""
    return _body(area, _job(area, job))


@router.post(JOBS + "/{job}/cancel")
def cancel_job(caller: Invoking, area: Asked, job: str) -> Response:
    """End a job; what it scored stays. One that is over is left as it is."""
    found = _job(area, job)
    if not found.status.is_final:
        jobs_of(area.opened).cancel(found.name)
    return Response(status_code=200)


def _job(area: Area, name: str) -> "JobRecord":
    """By its whole name. Raises `NotFound`, and `Unanswered` where the name is the beginning of another's."""
    found = jobs_of(area.opened).get(name)
    if found.name.casefold() != name.casefold():
        raise Unanswered(404, "ResourceNotFound", f"there is no job {name}; {found.name} begins with it")
    return found


def _body(area: Area, record: "JobRecord") -> dict[str, Any]:
    return job_body(record, area.bodies.id_of(f"jobs/{record.name}"), area.site.address)
