"""The overview: the endpoints, what runs, what failed, what is not as it was applied. Decides nothing."""

from fastapi import APIRouter, Response

from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@router.get("/")
def overview(visit: Visiting) -> Response:
    """The workspace at a glance."""
    return visit.page("overview.html", "Overview", current="/")
