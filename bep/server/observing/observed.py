"""Around all else: each request is counted and logged, a fault is answered and not lost, a stream ends with the server.
Knows no route."""

import asyncio
import time
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bep.schemas.escaping import in_one_line
from bep.server.answers import JSONAnswer, error_of
from bep.server.observing.bodies import TooSlow, patient
from bep.server.observing.headers import guard
from bep.server.observing.log import Log, shown_path
from bep.server.observing.metrics import Metrics
from bep.server.observing.streams import Streams

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds, and fills no log while it is well."""


class Observed:
    """In front of everything."""

    def __init__(self, app: ASGIApp, log: Log, metrics: Metrics, streams: Streams) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None  # a request always is one
        answer = _Answer(patient(send), self._streams, task)
        began = time.perf_counter()
        try:
            with self._metrics.under_way.track_inprogress():
                await self._answered(scope, receive, answer)
        finally:
            self._streams.forget(task)
            self._tell(scope, answer, time.perf_counter() - began)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer.send)
        except TooSlow:
            return
        except asyncio.CancelledError:
            if not (answer.is_stream and self._streams.is_over):
                raise
            answer.task.uncancel()
            await answer.send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as problem:
            self._metrics.fault()
            self._log.fault(f"{scope['method']} {in_one_line(shown_path(scope['path']))}: a bug in bep", problem)
            if not answer.status:
                body = error_of("InternalServerError", "a bug in bep: the server's log has it")
                await JSONAnswer(body, 500)(scope, receive, answer.send)

    def _tell(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        seen: dict[str, Any] = scope.get("state", {})
        route = str(seen.get("route", "(none)"))
        self._metrics.request(scope["method"], route, answer.status, seconds)
        if not (route in QUIET and answer.status == 200):
            self._log.request(seen, scope["method"], scope["path"], answer.status, seconds, answer.size)


class _Answer:
    """What goes out, looked at on its way. `status` 0: nothing went out."""

    def __init__(self, send: Send, streams: Streams, task: "asyncio.Task[Any]") -> None:
        self._send = send
        self._streams = streams
        self.task = task  # that of the request: what sends may be a task of its own
        self.status = 0
        self.size = 0
        self.is_stream = False

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            self.status = message["status"]
            guard(MutableHeaders(raw=message["headers"]))
            if Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream"):
                self.is_stream = True
                self._streams.began(self.task)
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)
