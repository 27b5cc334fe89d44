"""A job's pages while somebody looks on: server-sent events, each a part of a page drawn anew. Decides nothing."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Response

from bep.app.jobs.looking.log_files import lines_of
from bep.app.jobs.looking.progress import progress_of
from bep.server.site import Served, Site
from bep.server.studio.feed import sent
from bep.server.studio.jobs.heads import JOBS
from bep.server.studio.jobs.logs import Shown, log_path
from bep.server.studio.jobs.overview import live_values
from bep.server.studio.jobs.results import Place
from bep.server.studio.jobs.watching import Drawn, Watches, lines_told
from bep.server.studio.pages import Visiting, environment
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from fastapi import Request

    from bep.app.workspace.opening import Opened

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@router.get(f"{JOBS}/{{name}}/events")
async def followed(visit: Visiting, site: Served, name: str) -> Response:
    """The part of a job's page that keeps up with it, each time that it is another."""
    from starlette.concurrency import run_in_threadpool

    now = await run_in_threadpool(progress_of, visit.opened, name)
    return sent(visit.request, _watches(visit.request, site).told(now.record.name))


@router.get(f"{JOBS}/{{name}}/logs/events")
async def log_followed(
    visit: Visiting,
    site: Served,
    name: str,
    file: str,
    at: Place = 0,
    last: Annotated[str, Header(alias="last-event-id")] = "",
) -> Response:
    """Lines that are added to a file, from a place on: from where a browser lost the connection, if it did."""
    from starlette.concurrency import run_in_threadpool

    record = (await run_in_threadpool(progress_of, visit.opened, name)).record
    await run_in_threadpool(lines_of, record, file, 0, 1)  # whether it is there
    start = int(last) if last.isdecimal() and len(last) < 20 else at

    base = log_path(f"{address_of('jobs', record.name)}/logs", file)

    def draw(lines: list[Shown]) -> str:
        return environment().get_template("job_log_lines.html").render(lines=lines, base=base)

    return sent(visit.request, lines_told(site, visit.opened, record, file, start, draw))


def _watches(request: "Request", site: Site) -> Watches:
    """Those of this server."""
    state = request.app.state
    if not hasattr(state, "watches"):

        def draw(opened: "Opened", name: str) -> Drawn:
            now = progress_of(opened, name)
            values = {"now": site.clock(), **live_values(now)}
            parts = {
                "status": environment().get_template("job_status.html").render(**values),
                "live": environment().get_template("job_live.html").render(**values),
            }
            return Drawn(now.record, parts, stage="begun" if values["job"].has_begun else "in line")

        state.watches = Watches(site, draw)
    found: Watches = state.watches
    return found
