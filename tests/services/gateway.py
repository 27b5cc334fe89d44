"""A gateway in front of an HTTP service of this machine: it counts requests, and does something at one of them."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class Passed(NamedTuple):
    """One request that the service has answered."""

    method: str
    target: str
    size: int
    status: int

    @property
    def block(self) -> str:
        """The name of the block that was sent with it, as the service writes it; empty for another request."""
        return parse_qs(urlsplit(self.target).query).get("blockid", [""])[0]


@dataclass
class Gateway:
    """Where a service is to be asked instead, and what it was asked."""

    url: str = ""
    passed: list[Passed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0
    refusals: int = 0  # so many requests more are answered as a busy service does, and passed on to nobody
    _is_occasion: Callable[[list[Passed]], bool] = lambda passed: False
    _do: Callable[[], None] = lambda: None

    def once(self, is_occasion: Callable[[list[Passed]], bool], do: Callable[[], None]) -> None:
        """Forget what was asked, and do something after the first answer that makes what was asked an occasion."""
        with self.lock:
            self.passed.clear()
            self._is_occasion, self._do = is_occasion, do

    def add(self, one: Passed) -> None:
        """Note an answered request."""
        with self.lock:
            self.passed.append(one)
            is_now = self._is_occasion(self.passed)
            do = self._do
            if is_now:
                self._is_occasion = lambda passed: False
        if is_now:
            do()

    def refuses(self) -> bool:
        """Whether this request is one of the `refusals`."""
        with self.lock:
            self.refusals -= 1
            return self.refusals >= 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around a request that was read whole and has not been answered."""
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1

    def settle(self) -> list[Passed]:
        """All that was asked, once nothing is under way."""
        while self.under_way:
            time.sleep(0.01)
        with self.lock:
            return list(self.passed)


class _Handler(BaseHTTPRequestHandler):
    """Passes each request on once all of it is here; one whose sender is gone before that is passed on to nobody."""

    protocol_version = "HTTP/1.1"
    gateway: Gateway
    service = ("", 0)

    def _pass(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return
        if self.gateway.refuses():
            self.send_response_only(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with self.gateway.counted():
            there = http.client.HTTPConnection(*self.service)
            there.request(self.command, self.path, body, dict(self.headers.items()))
            answer = there.getresponse()
            content = answer.read()
            there.close()
            self.gateway.add(Passed(self.command, self.path, size, answer.status))
        self._answer(answer, content)

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def handle(self) -> None:
        with suppress(OSError):  # the other side is gone
            super().handle()

    def log_message(self, *words: Any) -> None:
        pass


@contextmanager
def gateway(url: str) -> Iterator[Gateway]:
    """A gateway to the service at this address, whose path it keeps."""
    split, found = urlsplit(url), Gateway()
    words = {"gateway": found, "service": (split.hostname, split.port)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), words))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}{split.path}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
