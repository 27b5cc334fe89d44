"""The pages of jobs, in the order that they are looked through. Decides nothing."""

from fastapi import APIRouter

from bep.server.studio.jobs import actions, events, inputs, listing, logs, overview, results, step

router = APIRouter()
for area in (listing, overview, results, inputs, logs, events, step, actions):
    router.include_router(area.router)
