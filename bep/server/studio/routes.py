"""The pages: a workspace, its jobs and plans, for people with a browser. Decides nothing."""

from fastapi import APIRouter

from bep.server.studio import assets, compare, datastores, endpoints, overview, plans, signing_in
from bep.server.studio.jobs import routes as jobs

router = APIRouter()
for area in (
    assets.router,
    signing_in.router,
    overview.router,
    endpoints.router,
    jobs.router,
    plans.router,
    compare.router,
    datastores.router,
):
    router.include_router(area)
