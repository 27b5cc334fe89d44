"""Whether the server is there and ready, a word for whoever asks; and its numbers, for whoever may look."""

import time
from collections import Counter
from threading import Lock
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from bep.app.failures import failure_of
from bep.server.access.callers import Looking
from bep.server.answers import Answering
from bep.server.observing.metrics import Numbers
from bep.server.site import Served, Site

router = APIRouter(tags=["health"], route_class=Answering)

_FRESH: Final = 1.0  # seconds in which anybody may ask again, and nothing is read for it
_lock = Lock()


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """Whether the process answers."""
    return "ok"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "Not now: a word says why."}})
def readyz(request: Request, site: Served) -> Response:
    """Whether it takes requests: it does not stop, and what it serves can be read."""
    if site.life.stopping.is_set():
        return PlainTextResponse("stopping", 503)
    with _lock:
        looked, word = getattr(request.app.state, "readiness", (0.0, ""))
        if time.monotonic() - looked > _FRESH or not word:
            word = _readiness(request, site)
            request.app.state.readiness = time.monotonic(), word
    return PlainTextResponse(word, 200 if word == "ok" else 503)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, caller: Looking) -> Response:
    """Numbers, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def numbers(site: Site) -> Numbers:
    """What is looked up for the metrics. None are there where they cannot be read: `readyz` says that."""
    from bep.app.jobs.service import jobs_of

    try:
        jobs = Counter(str(one.status) for one in jobs_of(site.opened()).chosen())
    except Exception as problem:
        if failure_of(problem) is None:
            raise
        jobs = Counter()
    return Numbers(jobs)


def _readiness(request: Request, site: Site) -> str:
    """`ok`, or what cannot be read. Why is in the log: anybody may ask."""
    opened = site.opened()
    for word, look in (
        ("tokens", site.tokens.every),
        ("state", lambda: opened.recorded),
        ("catalog", lambda: opened.keyless_world.objects.list("endpoint")),
    ):
        try:
            look()
        except Exception as problem:
            if failure_of(problem) is None:
                raise
            request.app.state.log.fault(f"not ready: {word}: {problem}")
            return word
    return "ok"
