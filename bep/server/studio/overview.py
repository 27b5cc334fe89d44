"""The overview: the endpoints, what runs, what failed, what is not as it was applied. Decides nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from bep.app.overviews.endpoints import endpoints_of
from bep.app.overviews.jobs import jobs_at_a_glance
from bep.app.schedules.listing import listed
from bep.lazy_dataclasses import dataclass
from bep.server.studio.drift_watch import watch_of
from bep.server.studio.job_rows import JobRow, row_of
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.overviews.endpoints import Endpoint
    from bep.app.overviews.jobs import Glance

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
    opened = visit.opened
    glance = jobs_at_a_glance(opened, visit.now)
    return visit.page(
        "overview.html",
        "Overview",
        current="/",
        endpoints=[_row(one, glance) for one in endpoints_of(opened)],
        going_on=[row_of(record) for record in glance.going_on],
        went_wrong=[row_of(record) for record in glance.went_wrong],
        schedules=listed(opened, visit.now),
        drift=watch_of(visit.request).last(visit.site),
        serial=opened.state.serial,
        provider=opened.glanced.provider,
    )


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
