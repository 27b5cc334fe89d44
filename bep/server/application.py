"""The application: every area of the server under one roof, and what holds for all of them. Knows no socket."""

from fastapi import FastAPI

from bep import __version__
from bep.server import description, health
from bep.server.answers import answer_failures
from bep.server.blobs import routes as blobs
from bep.server.control_plane import routes as control_plane
from bep.server.control_plane.spelling import InOneSpelling
from bep.server.data_plane import routes as data_plane
from bep.server.run_history import routes as run_history
from bep.server.site import Site
from bep.server.studio import routes as studio
from bep.server.studio.refusals import answer_people

AREAS = (
    health.router,
    description.router,
    data_plane.router,
    control_plane.router,
    run_history.router,
    blobs.router,
    studio.router,
)
"""In the order that they are looked through."""


def application(site: Site) -> FastAPI:
    """The server for one workspace."""
    made = FastAPI(title="bep", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    made.state.site = site
    answer_failures(made)
    answer_people(made)
    made.add_middleware(InOneSpelling)
    for router in AREAS:
        made.include_router(router)
    return made
