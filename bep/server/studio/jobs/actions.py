"""What a person does with a job: ends it, goes on with it, tries again what failed. Decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from bep.app.jobs.in_line.going_on import RESUME, RETRY, gone_on
from bep.app.jobs.service import Again, jobs_of
from bep.server.access.callers import Invoking
from bep.server.site import Served
from bep.server.studio.jobs.heads import JOBS
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@router.post(f"{JOBS}/{{name}}/cancel")
def cancel(caller: Invoking, site: Served, name: str) -> Response:
    """End a job; what it has scored stays."""
    return _then(jobs_of(site.opened()).cancel(name).name)


@router.post(f"{JOBS}/{{name}}/resume")
def resume(
    caller: Invoking, site: Served, name: str, accept_changed_inputs: Annotated[bool, Form()] = False
) -> Response:
    """Go on with what is left of a job."""
    return _go_on(site, name, RESUME, Again(accept_changed_inputs=accept_changed_inputs))


@router.post(f"{JOBS}/{{name}}/retry")
def retry(
    caller: Invoking,
    site: Served,
    name: str,
    mended: Annotated[bool, Form()] = False,
    accept_changed_inputs: Annotated[bool, Form()] = False,
    changes: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Score the failed items of a job again, with the deployment as it is applied now where it was mended."""
    settings = tuple(line.strip() for line in changes.splitlines() if line.strip())
    again = Again(accept_changed_inputs=accept_changed_inputs, mended=mended, changes=settings)
    return _go_on(site, name, RETRY, again)


def _go_on(site: Served, name: str, how: str, again: Again) -> Response:
    record = gone_on(site.opened(), name, how, again)
    site.wake()
    return _then(record.name)


def _then(name: str) -> Response:
    """The job's page: loading it again does nothing again."""
    return RedirectResponse(address_of("jobs", name), 303)
