"""The pages: a workspace, its jobs and plans, for people with a browser. Decides nothing."""

from fastapi import APIRouter

from bep.server.studio import assets, overview, signing_in

router = APIRouter()
for area in (assets.router, signing_in.router, overview.router):
    router.include_router(area)
