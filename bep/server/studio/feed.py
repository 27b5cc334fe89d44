"""Parts of a page that is the same for all who look, drawn anew while somebody does: server-sent events. Of no page."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from bep.app.failures import failure_of
from bep.server.answers import Unanswered

if TYPE_CHECKING:
    from fastapi import Request

HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
LOOK: Final = 2.0
"""Seconds between two drawings at least."""
KNOWN: Final = 5.0
"""Seconds after which it is looked at again whether who looks still may."""
HEARTBEAT: Final = 15.0
"""Seconds without news after which a word that means nothing keeps the connection."""

Parts = Mapping[str, str]
"""HTML by the id of the element that it is the content of."""


def event(kind: str, told: object) -> str:
    """A server-sent event; JSON has no line breaks of its own."""
    return f"event: {kind}\ndata: {json.dumps(told)}\n\n"


def sent(request: "Request", told: AsyncGenerator[str]) -> StreamingResponse:
    """What is told, as an answer to a request."""
    return StreamingResponse(_while_known(request, told), headers=HEADERS, media_type="text/event-stream")


async def _while_known(request: "Request", told: AsyncGenerator[str]) -> AsyncIterator[str]:
    """The same, as long as who asked is let in: a token is revoked, or a session ends, while a stream goes on. None is
    silent for longer than a heartbeat, so one without news ends, too."""
    looked = time.monotonic()
    async with aclosing(told) as texts:
        async for text in texts:
            if time.monotonic() - looked >= KNOWN:
                looked = time.monotonic()
                if not await run_in_threadpool(_is_known, request):
                    return
            yield text


def _is_known(request: "Request") -> bool:
    try:
        request.app.state.recognition.caller(request.headers, request.state.address)
    except Unanswered:
        return False
    except Exception as problem:
        if failure_of(problem) is None:
            raise
        return False
    return True


class Feed:
    """What is drawn now; `draw` draws it, and `stopping` is set when the server stops."""

    def __init__(self, stopping: Event, draw: Callable[[], Parts]) -> None:
        self._stopping, self._draw = stopping, draw
        self._lock = Lock()
        self._latest: Parts = {}
        self._drawn = -LOOK

    async def told(self) -> AsyncGenerator[str]:
        """What is to be sent to one who looks: each part that is another than before, until the server stops."""
        shown: dict[str, str] = {}
        said = time.monotonic()
        yield "retry: 2000\n\n"
        while not self._stopping.is_set():
            for part, html in (await run_in_threadpool(self._now)).items():
                if shown.get(part) != html:
                    shown[part], said = html, time.monotonic()
                    yield event("part", {"id": part, "html": html})
            if time.monotonic() - said >= HEARTBEAT:
                said = time.monotonic()
                yield ": still here\n\n"
            await asyncio.sleep(LOOK)

    def _now(self) -> Parts:
        """The parts, drawn at most LOOK ago; as they were where they cannot be drawn now."""
        with self._lock:
            if time.monotonic() - self._drawn >= LOOK:
                try:
                    self._latest = self._draw()
                except Exception as problem:
                    if failure_of(problem) is None:
                        raise
                self._drawn = time.monotonic()
            return self._latest
