"""The door: whatever is asked comes through it, and no byte of a body is read before it is known who asks and whether
they may. Knows no route by name."""

from collections.abc import Mapping, Sequence
from typing import Final

from anyio.to_thread import run_sync
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request as Asked
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bep.app.access.audit import Audit
from bep.app.errors import DomainError
from bep.command_words import command_of
from bep.lazy_dataclasses import dataclass
from bep.schemas.escaping import in_one_line
from bep.schemas.next_step import step
from bep.server.access.callers import SAFE, Caller, must_be_allowed
from bep.server.access.recognising import Recognition
from bep.server.access.requirements import Requirement, matching
from bep.server.answers import Unanswered
from bep.server.names import host_of, is_ours, is_same_origin
from bep.server.observing.bodies import LARGEST, limited, too_large
from bep.server.observing.log import Log
from bep.server.site import Site

UNKNOWN_ROUTE: Final = "(none)"


@dataclass(frozen=True)
class Request:
    """What the door looks at of a request: no byte of its body. `address` is where it comes from."""

    headers: Headers
    method: str
    path: str
    query: Mapping[str, str]
    address: str
    is_secure: bool
    needed: Requirement | None

    @property
    def is_write(self) -> bool:
        """Whether it is to be on record."""
        return self.method not in SAFE and not (self.needed is not None and self.needed.looks_only)

    @property
    def what(self) -> str:
        """What is asked for, without what may be secret in it."""
        return f"{self.method} {in_one_line(self.path)}"


class Door:
    """In front of an application of which each route's needs are known."""

    def __init__(
        self, app: ASGIApp, site: Site, needed: Sequence[Requirement], recognition: Recognition, log: Log
    ) -> None:
        self._app = app
        self._log = log
        self._site = site
        self._needed = needed
        self._recognition = recognition
        self._audit = Audit(site.home)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = self._request(scope)
        seen = scope.setdefault("state", {})
        seen |= {"route": request.needed.path if request.needed else UNKNOWN_ROUTE, "address": request.address}
        try:
            caller = self._let_in(request)
        except Unanswered as problem:
            await _refuse(problem, scope, receive, send)
            return
        seen |= {"caller": caller, "csrf": caller.csrf if caller else ""}
        is_streamed = request.needed is not None and request.needed.is_streamed
        receive = limited(receive, None if is_streamed else LARGEST)
        if request.is_write:
            await self._on_record(request, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _request(self, scope: Scope) -> Request:
        headers = Headers(scope=scope)
        client = scope.get("client") or ("", 0)
        address, is_secure = str(client[0]), scope["scheme"] == "https"
        if self._site.is_behind_proxy:
            # the last one alone is the proxy's own word: those before it are whatever was sent to it
            address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or address
            is_secure = headers.get("x-forwarded-proto", scope["scheme"]).lower() == "https"
        return Request(
            headers,
            scope["method"],
            scope["path"],
            QueryParams(scope["query_string"]),
            address[:64],
            is_secure,
            matching(self._needed, scope),
        )

    def _let_in(self, request: Request) -> Caller | None:
        """Who asks; None where the route lets anybody in, or finds out by itself. Raises `Unanswered`."""
        self._must_be_for_us(request)
        _must_not_be_too_large(request)
        needed = request.needed
        if needed is not None and (needed.is_public or self._is_signed(request, needed)):
            return None
        try:
            caller = self._recognition.caller(request.headers, request.address)
        except (DomainError, OSError) as problem:
            self._log.fault(f"nobody is let in: {problem}")
            why = "the server cannot tell who may come in; its log says why"
            raise Unanswered(503, "AccessUnknown", why) from problem
        for permissions in needed.permissions if needed is not None else ():
            must_be_allowed(caller, permissions)
        if caller.csrf and request.method not in SAFE:
            _must_be_from_here(request)
        return caller

    def _is_signed(self, request: Request, needed: Requirement) -> bool:
        """Whether a signature tells who asks, and nothing else: its route looks at it."""
        is_there = bool(needed.signed_by) and needed.signed_by in request.query
        return is_there and not self._recognition.is_told(request.headers)

    def _must_be_for_us(self, request: Request) -> None:
        host = request.headers.get("host", "")
        if not is_ours(host, self._site.hosts):
            named = in_one_line(host_of(host)) or "(none)"
            lets = command_of(step("serve", allow_host=named))
            raise Unanswered(421, "WrongHost", f"{named} is no name of this server: `{lets}` lets it be one")

    async def _on_record(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a write out between two lines of the audit log, the second of which is kept before any answer."""
        seen, mark = scope["state"], ""
        caller: Caller | None = seen["caller"]

        def begin() -> str:
            who, role = (caller.name, caller.role.value) if caller else ("", "")
            return self._audit.asked(self._site.clock(), who=who, role=role, address=request.address, what=request.what)

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                known: Caller | None = seen.get("caller")  # a route that finds out by itself who asks knows by now
                who = known.name if known else ""
                await run_sync(self._audit.answered, self._site.clock(), mark, message["status"], who)
            await send(message)

        try:
            mark = await run_sync(begin)
        except OSError as problem:
            why = f"nothing was done: the audit log cannot be written ({problem.strerror})"
            await _refuse(Unanswered(503, "NotRecorded", why), scope, receive, send)
            return
        await self._app(scope, receive, recorded)


def _must_not_be_too_large(request: Request) -> None:
    size = request.headers.get("content-length", "")
    is_streamed = request.needed is not None and request.needed.is_streamed
    if not is_streamed and size.isdecimal() and int(size[:20]) > LARGEST:
        raise Unanswered(413, "RequestBodyTooLarge", too_large(LARGEST), Connection="close")


def _must_be_from_here(request: Request) -> None:
    """Refuse a browser's write that a page of another host, or of another port of this one, has sent."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    host = request.headers.get("host", "")
    if site != "same-origin" or (origin is not None and not is_same_origin(origin, host, is_secure=request.is_secure)):
        raise Unanswered(403, "Forbidden", "a page of another origin may not write here")


async def _refuse(problem: Unanswered, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the application answers what a route refuses: a page for a person, JSON for a program."""
    handler = scope["app"].exception_handlers[Unanswered]
    await handler(Asked(scope, receive), problem)(scope, receive, send)
