"""Every request that came, for tests to count and read."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.azure.double.exchange import Request


class Logged(NamedTuple):
    """One request and the status it was answered with; 0 where it was cut off."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    status: int

    @property
    def short(self) -> str:
        """The path after the workspace: batchEndpoints/ep; the whole path where it is another."""
        _, found, rest = self.path.partition("/workspaces/")
        return rest.partition("/")[2] if found else self.path


class Log:
    """All requests, in the order in which they were answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Logged] = []
        self._now = 0
        self.most_at_once = 0  # requests that were being answered at one time

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count a request among those that are being answered."""
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def add(self, request: Request, status: int) -> None:
        """Note a request with its answer."""
        with self._lock:
            said = dict(request.query), dict(request.headers), request.body, status
            self._all.append(Logged(request.method, request.path, *said))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._all.clear()
            self.most_at_once = 0

    def requests(self, method: str = "", path: str = "") -> list[Logged]:
        """Those of a method (any, if empty) whose path has a text in it, in any casing."""
        with self._lock:
            return [each for each in self._all if method in ("", each.method) and path.lower() in each.path.lower()]

    def writes(self) -> list[Logged]:
        """Those that change something: PUT, PATCH, DELETE, and POST to a scoring URI."""
        return [
            each
            for each in self.requests()
            if each.method in ("PUT", "PATCH", "DELETE") or (each.method == "POST" and "/scoring/" in each.path)
        ]

    def counted(self) -> Counter[tuple[str, str]]:
        """How often each method and path were asked for, page by page."""
        return Counter(
            (each.method, each.path + (f"?{each.query['$skiptoken']}" if "$skiptoken" in each.query else ""))
            for each in self.requests()
        )
