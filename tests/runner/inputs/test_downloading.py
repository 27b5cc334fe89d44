"""Servers that fail now and then, or for ever; and two that fetch the same."""

import http.server
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bep.runner.errors import InputsInvalid
from bep.runner.transfer import downloading
from bep.runner.transfer.transfers import Board

CONTENT = os.urandom(300_000)


class _Moody(http.server.BaseHTTPRequestHandler):
    """Fails as the path says, as often as it says, then answers: `/500x2.bin` twice with 500."""

    asked: ClassVar[Counter[str]] = Counter()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        how, _, times = Path(self.path).stem.partition("x")
        fails = self.asked[self.path] <= int(times)
        if fails and how.isdecimal():
            self.send_error(int(how))
            return
        self.send_response(200)
        chunked = how == "chunks"
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(CONTENT)))))
        self.send_header("Connection", "close")
        self.end_headers()
        sent = CONTENT[: len(CONTENT) // 2] if fails else CONTENT
        self.wfile.write(b"%x\r\n%s\r\n" % (len(sent), sent) if chunked else sent)
        if chunked and not fails:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Moody.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Moody) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def fetched(url: str, downloads: Path, **how: Any) -> Path:
    return downloading.fetch([url], downloads, Board(**how))[url]


def left(folder: Path) -> list[str]:
    """What a fetch has left that a job could take for a file of it."""
    return [file.name for file in folder.rglob("*") if file.is_file() and file.name not in ("lock", "latest.json")]


@pytest.mark.parametrize("path", ["/500x2.bin", "/429x1.bin", "/shortx2.bin", "/chunksx2.bin", "/wholex0.bin"])
def test_a_failure_that_passes_is_no_failure(tmp_path: Path, server: str, path: str) -> None:
    assert fetched(server + path, tmp_path).read_bytes() == CONTENT
    assert _Moody.asked[path] == int(Path(path).stem.partition("x")[2]) + 1


@pytest.mark.parametrize(
    ("path", "asked", "told"),
    [
        ("/404x9.bin", 1, "the server answers 404 Not Found$"),
        ("/503x9.bin", 3, r"the server answers 503 Service Unavailable \(3 attempts\); try again later$"),
        ("/shortx9.bin", 3, r"150000 of 300000 bytes arrived \(3 attempts\)|IncompleteRead"),
        ("/chunksx9.bin", 3, r"IncompleteRead.*\(3 attempts\)"),
    ],
)
def test_a_failure_that_stays_leaves_nothing_and_says_why(
    tmp_path: Path, server: str, path: str, asked: int, told: str
) -> None:
    with pytest.raises(InputsInvalid, match=told):
        fetched(server + path, tmp_path)
    assert _Moody.asked[path] == asked
    assert left(tmp_path) == []


def test_where_nobody_listens_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match=r"cannot be fetched: .*refused \(3 attempts\)"):
        fetched("http://127.0.0.1:9/x?sig=canary", tmp_path)
