"""The overview: the endpoints, what runs, what failed, what is not as it was applied. Decides nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response

from bep.app.overviews.endpoints import endpoints_of
from bep.app.overviews.jobs import jobs_at_a_glance
from bep.app.schedules.listing import listed
from bep.lazy_dataclasses import dataclass
from bep.server.site import Served, Site
from bep.server.studio.drift_watch import watch_of
from bep.server.studio.feed import Feed, Parts, sent
from bep.server.studio.job_rows import JobRow, row_of
from bep.server.studio.pages import Visiting, environment
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from datetime import datetime

    from bep.app.overviews.endpoints import Endpoint
    from bep.app.overviews.jobs import Glance
    from bep.app.workspace.opening import Opened

EVENTS: Final = address_of("overview", "events")
WAITING: Final = ("NotStarted", "Queued", "Preparing", "Provisioning", "Starting")

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint in the table: the deployment with the traffic (empty: none has any), the shares of all of them, how
    many there are, how many jobs go on, the newest job."""

    name: str
    path: str
    active: str
    shares: Mapping[str, int]
    deployments: int
    busy: int
    newest: JobRow | None


@router.get("/")
def overview(visit: Visiting) -> Response:
    """The workspace at a glance."""
    shown = _live_values(visit.request, visit.opened, visit.now)
    return visit.page(
        "overview.html",
        "Overview",
        current="/",
        **shown,
        standing=_standing(shown["going_on"]),
        events=EVENTS,
        serial=visit.opened.state.serial,
        provider=visit.opened.glanced.provider,
    )


@router.get(EVENTS)
async def followed(visit: Visiting, site: Served) -> Response:
    """The part of the overview that keeps up with the world, each time that it is another."""
    return sent(visit.request, _feed(visit.request, site).told())


def _feed(request: Request, site: Site) -> Feed:
    """The one of this server: however many look at the overview, it is drawn once."""
    state = request.app.state

    def draw() -> Parts:
        now = site.clock()
        shown = _live_values(request, site.opened(), now)
        text = environment().get_template("overview_live.html").render(now=now, **shown)
        return {"overview-live": text, "standing": _standing(shown["going_on"])}

    if not hasattr(state, "overview_feed"):
        state.overview_feed = Feed(site.life.stopping, draw)
    found: Feed = state.overview_feed
    return found


def _live_values(request: Request, opened: "Opened", now: "datetime") -> dict[str, Any]:
    glance = jobs_at_a_glance(opened, now)
    return {
        "endpoints": [_row(one, glance) for one in endpoints_of(opened)],
        "going_on": [row_of(record) for record in glance.going_on],
        "went_wrong": [row_of(record) for record in glance.went_wrong],
        "schedules": listed(opened, now),
        "drift": watch_of(request).last(request.app.state.site),
    }


def _standing(going_on: Sequence[JobRow]) -> str:
    """What a screen reader says of a change: how many jobs run, how many wait."""
    waiting = sum(job.status in WAITING for job in going_on)
    return f"{len(going_on) - waiting} running, {waiting} waiting"


def _row(endpoint: "Endpoint", glance: "Glance") -> EndpointRow:
    newest = glance.newest.get(endpoint.name)
    return EndpointRow(
        endpoint.name,
        address_of("endpoints", endpoint.name),
        endpoint.active.name if endpoint.active else "",
        {one.name: one.share for one in endpoint.deployments if one.share},
        len(endpoint.deployments),
        glance.busy.get(endpoint.name, 0),
        row_of(newest) if newest else None,
    )
