"""Faults on demand: an answer that is an error, and a connection that ends at a request of a test's choice."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.azure.double.exchange import Answer, Refusal, Request

Moment = Literal["before", "after"]


@dataclass
class Injected:
    """An error for the next `count` requests of a method (any, if empty) whose path has a text."""

    status: int
    code: str
    method: str
    path: str
    count: int
    retry_after: str | None
    moment: Moment

    def fits(self, request: Request) -> bool:
        """Whether it is for this request."""
        return self.count > 0 and self.method in ("", request.method) and self.path.lower() in request.path.lower()


@dataclass
class Boundary:
    """The request with this number is cut off, before or after its effect; then `do` is called."""

    number: int
    moment: Moment
    do: Callable[[], None] | None


class Faults:
    """What is to go wrong, and what has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._injected: list[Injected] = []
        self._boundary: Boundary | None = None
        self._requests = 0

    def inject(
        self,
        status: int,
        *,
        code: str = "",
        method: str = "",
        path: str = "",
        count: int = 1,
        retry_after: str | None = None,
        moment: Moment = "before",
    ) -> None:
        """Answer the next `count` requests that fit with an error; with moment="after" they have had their effect."""
        with self._lock:
            self._injected.append(Injected(status, code, method, path, count, retry_after, moment))

    def cut_at(self, number: int, moment: Moment = "before", do: Callable[[], None] | None = None) -> None:
        """Cut off the request with this number, counted from 1 from now on; 0 is never. Nothing is answered.

        `do` is called first: it kills the client (SIGKILL), or stops the server.
        """
        with self._lock:
            self._requests = 0
            self._boundary = Boundary(number, moment, do)

    @property
    def requests(self) -> int:
        """How many requests came since `cut_at`: all boundaries there are."""
        with self._lock:
            return self._requests

    def boundary(self) -> Boundary | None:
        """Count a request; the boundary if it is the one."""
        with self._lock:
            self._requests += 1
            is_here = self._boundary is not None and self._boundary.number == self._requests
            return self._boundary if is_here else None

    def error(self, request: Request, moment: Moment, location: str) -> Answer | None:
        """The error that a request is to be answered with."""
        with self._lock:
            for each in self._injected:
                if each.moment == moment and each.fits(request):
                    each.count -= 1
                    headers = {} if each.retry_after is None else {"Retry-After": each.retry_after}
                    code = each.code or CODES.get(each.status, "InternalServerError")
                    message = f"The request was answered {each.status} on demand."
                    return Refusal(each.status, code, message, headers=headers).answer(location)
        return None


CODES = {
    403: "AuthorizationFailed",
    408: "RequestTimeout",
    409: "Conflict",
    412: "PreconditionFailed",
    429: "TooManyRequests",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
