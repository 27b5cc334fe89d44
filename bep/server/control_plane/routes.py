"""Resources over the routes of Azure Resource Manager, as the released clients ask for them. Decides nothing."""

from fastapi import APIRouter

from bep.server.answers import Answering
from bep.server.control_plane import jobs, reading, refusing, secrets, writing

router = APIRouter(tags=["resources"], route_class=Answering)
for area in (jobs.router, reading.router, secrets.router, writing.router, refusing.router):
    router.include_router(area)
