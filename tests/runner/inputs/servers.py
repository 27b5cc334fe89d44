"""A web server on this machine that does what a test asks: states versions, continues, dawdles, breaks off.

Below `/devstoreaccount1/` it lists containers as Azure's blob service does, and refuses what that would refuse.
"""

import base64
import hashlib
import http.server
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

BLOCK = 10_000


@dataclass
class File:
    """What the server has at a path, and how it behaves there."""

    content: bytes
    etag: str = ""
    modified: str = ""
    md5: bytes | None = None
    breaks_after: list[int] = field(default_factory=list)  # bytes sent before the connection ends, by request
    gate: threading.Event | None = None  # the rest is sent once it is set
    ignores_conditions: bool = False
    drips: bool = False  # a byte now and then
    kind: str = ""  # its Content-Type
    is_folder: bool = False  # a marker of a hierarchical namespace


@dataclass
class Server:
    """The files, and what was asked: method, path, and the headers that matter."""

    url: str = ""
    files: dict[str, File] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    sent: int = 0
    at_once: int = 0
    most_at_once: int = 0
    signature: str = ""  # without it, nothing of the blob service is read
    pages: list[str] = field(default_factory=list)  # queries of listings
    page_size: int = 2
    waiting: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, content: bytes, **how: object) -> str:
        """Have a file there; its address."""
        self.files[path] = File(content, **how)  # type: ignore[arg-type]
        return self.url + path


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Server

    def do_GET(self) -> None:
        state, path = self.state, self.path.partition("?")[0]
        state.asked.append((path, self.headers.get("If-None-Match"), self.headers.get("Range")))
        state.logins.append(self.headers.get("Authorization"))
        state.at_once += 1
        state.most_at_once = max(state.most_at_once, state.at_once)
        try:
            file = state.files.get(path) or state.files.get(urllib.parse.unquote(path))
            if self._is_blobs(path):
                pass
            elif file is None:
                self.send_error(404)
            elif not file.ignores_conditions and file.etag and self.headers.get("If-None-Match") == file.etag:
                self.send_response(304)
                self.end_headers()
            else:
                self._send(file)
        finally:
            state.at_once -= 1

    def _is_blobs(self, path: str) -> bool:
        """Answer what the blob service would: a refusal, or a page of a listing."""
        if not path.startswith("/devstoreaccount1/"):
            return False
        asked = dict(urllib.parse.parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
        if asked.get("sig", "") != self.state.signature:
            self.send_error(403)
            return True
        if "comp" not in asked and "restype" not in asked:
            return False
        container = path.split("/")[2:]
        wrong = {*asked} - {"restype", "comp", "prefix", "marker", "include", "maxresults", "sig", "sv", "sp"}
        right = (asked.get("restype"), asked.get("comp")) == ("container", "list") and len(container) == 1
        if wrong or not right or not self.headers.get("x-ms-version"):
            self.send_error(400)
            return True
        self.state.pages.append(self.path.partition("?")[2])
        front = f"/devstoreaccount1/{container[0]}/"
        names = sorted(name.removeprefix(front) for name in self.state.files if name.startswith(front))
        if not names:
            self.send_error(404)
            return True
        names = [name for name in names if name.startswith(asked.get("prefix", ""))]
        first = int(asked["marker"].removeprefix("2!76!")) if asked.get("marker") else 0
        last = first + self.state.page_size
        more = f"2!76!{last}" if last < len(names) else ""
        listed = "".join(self._entry(name, self.state.files[front + name]) for name in names[first:last])
        text = (
            f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{container[0]}">'
            f"<Blobs>{listed}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>"
        )
        self._send(File(text.encode(), kind="application/xml"))
        return True

    def _entry(self, name: str, file: File) -> str:
        kind = "<ResourceType>directory</ResourceType>" if file.is_folder else ""
        etag = file.etag.strip('"')  # as the service lists it
        return (
            f"<Blob><Name>{escape(name)}</Name><Properties><Etag>{etag}</Etag>{kind}"
            f"<Content-Length>{len(file.content)}</Content-Length></Properties><Metadata /></Blob>"
        )

    def _send(self, file: File) -> None:
        start = 0
        wanted = self.headers.get("Range")
        if wanted and file.etag and self.headers.get("If-Range") == file.etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(file.content) - 1}/{len(file.content)}")
        self.send_header("Content-Length", str(len(file.content) - start))
        self._describe(file)
        end = file.breaks_after.pop(0) if file.breaks_after else len(file.content)
        if file.drips:
            return self._drip(file.content)
        half = end if file.gate is None else (start + end) // 2
        self._write(file.content[start:half])
        if file.gate is not None:
            self.state.waiting.set()
            file.gate.wait(60)
            self._write(file.content[half:end])
        self.close_connection = end < len(file.content)

    def _describe(self, file: File) -> None:
        if file.kind:
            self.send_header("Content-Type", file.kind)
        if file.is_folder:
            self.send_header("x-ms-meta-hdi_isfolder", "true")
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.modified:
            self.send_header("Last-Modified", file.modified)
        if file.md5 is not None:
            self.send_header("Content-MD5", base64.b64encode(file.md5).decode())
        self.end_headers()

    def _drip(self, content: bytes) -> None:
        self.close_connection = True
        for first in range(len(content)):
            try:
                self.wfile.write(content[first : first + 1])
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    def _write(self, content: bytes) -> None:
        try:
            for first in range(0, len(content), BLOCK):
                self.wfile.write(content[first : first + BLOCK])
                self.wfile.flush()
                self.state.sent += len(content[first : first + BLOCK])
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served() -> Iterator[Server]:
    """A server for as long as it is needed."""
    state = Server()
    handler = type("Handler", (_Handler,), {"state": state})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        for file in state.files.values():
            if file.gate:
                file.gate.set()
        server.shutdown()
        thread.join()


def md5(content: bytes) -> bytes:
    """As a server states it."""
    return hashlib.md5(content, usedforsecurity=False).digest()
