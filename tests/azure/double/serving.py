"""The double behind a socket of this machine: threads of http.server, connections that can be cut, stop and start."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.azure.double import by_hand
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.double import Double
from tests.azure.double.exchange import Answer, Refusal, Request


class Server:
    """One port of 127.0.0.1, which stays the same over `stop` and `start`."""

    def __init__(self, double: Double, port: int = 0) -> None:
        self._double, self._port = double, port
        self._http: _Listener | None = None

    def start(self) -> None:
        """Listen, and answer in threads."""
        self._http = _Listener(("127.0.0.1", self._port), type("Handler", (_Handler,), {"double": self._double}))
        self._port = self._http.server_address[1]
        self._double.base_url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more and cut every connection. What the double has stays. A request may call it."""
        http, self._http = self._http, None
        if http is not None:
            http.shutdown()
            http.server_close()
            http.cut_all()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        with self._lock:
            for each in self._open:
                _cut(each)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell."""


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Handler(BaseHTTPRequestHandler):
    double: Double
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one write: else each answer waits for the other side's acknowledgement
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """One request, answered or cut off."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.double.log.under_way():
            if self.double.behaviours.latency:
                time.sleep(self.double.behaviours.latency)
            answer = self._said(sent)
        if answer is None:
            self.close_connection = True
            _cut(self.connection)
        else:
            self._write(answer)

    def _said(self, sent: bytes) -> Answer | None:
        """The answer; None where the connection is to be cut."""
        double = self.double
        try:
            request = Request.of(self.command, self.path, dict(self.headers.items()), sent, double.base_url)
        except Refusal as refused:
            return refused.answer(double.location)
        if request.path.startswith(by_hand.PREFIX):
            return by_hand.answer(double, request)
        boundary = double.faults.boundary()
        answer: Answer | None = None
        if boundary is None or boundary.moment == "after":
            answer = double.faults.error(request, "before", double.location) or double.handle(request)
            answer = double.faults.error(request, "after", double.location) or answer
        if boundary is not None:
            answer = None
        double.log.add(request, answer.status if answer else 0)
        if boundary is not None and boundary.do is not None:
            boundary.do()
        return answer

    def _write(self, answer: Answer) -> None:
        content = answer.content()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", "text/plain" if answer.text is not None else "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if answer.status != 204 and self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_words: Any) -> None:
        """The double has a log of its own."""


@contextmanager
def serving(behaviours: Behaviours | None = None, *, port: int = 0, **named: str) -> Iterator[Double]:
    """A double that answers at `base_url` until the block ends. `double.server` stops and starts it."""
    double = Double(behaviours, **named)
    double.server = server = Server(double, port)
    server.start()
    try:
        yield double
    finally:
        server.stop()
