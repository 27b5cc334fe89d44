"""The application: every area of the server under one roof, and what holds for all of them. Knows no socket."""

import sys
import time

from fastapi import FastAPI

from bep import __version__
from bep.server import description, health
from bep.server.access.door import Door
from bep.server.access.recognising import Recognition
from bep.server.access.requirements import flattened, requirements_of
from bep.server.answers import answer_failures
from bep.server.blobs import routes as blobs
from bep.server.control_plane import routes as control_plane
from bep.server.control_plane.spelling import InOneSpelling
from bep.server.data_plane import routes as data_plane
from bep.server.observing.log import Log
from bep.server.observing.metrics import Metrics
from bep.server.observing.observed import Observed
from bep.server.observing.streams import Streams
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


def application(site: Site, log: Log | None = None) -> FastAPI:
    """The server for one workspace; without a `log` it says on stderr what it does.

    Raises `Unguarded` for a route that anybody could ask for: that is a fault in bep.
    """
    made = FastAPI(title="bep", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    log = log or Log(_on_stderr, site.clock)
    metrics = Metrics(__version__, lambda: health.numbers(site))
    recognition = Recognition(site, time.monotonic)
    made.state.site = site
    made.state.log = log
    made.state.metrics = metrics
    made.state.streams = Streams()
    made.state.recognition = recognition
    answer_failures(made)
    answer_people(made)
    for router in AREAS:
        made.router.routes.extend(flattened(router.routes))
    needed = requirements_of(made.router.routes)
    # each stands in front of those before it
    made.add_middleware(Door, site=site, needed=needed, recognition=recognition, log=log)
    made.add_middleware(InOneSpelling)  # what the door judges is the path that routes are found by
    made.add_middleware(Observed, log=log, metrics=metrics, streams=made.state.streams)
    return made


def _on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
