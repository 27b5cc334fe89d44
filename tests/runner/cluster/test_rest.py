"""The Jobs API of Ray's dashboard: what is said of what is no dashboard, and a whole life of a job on a real one."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bep.runner.cluster.package import Package, package
from bep.runner.cluster.rest import Dashboard, Submission, Submitted
from bep.runner.cluster.tokens import token_of
from bep.runner.errors import ClusterRefused
from tests.cluster.ray_cluster import cluster
from tests.cluster.waiting import eventually

TOKEN = "opensesame"


@contextmanager
def answering(status: int, content: bytes = b"", **headers: str) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers everything so; its address, and the headers of what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b"<html>\n<body>hello</body>\n", "answers 200, and says: <body>hello</body>\n    fix: see whether"),
        (200, b'["a"]', r"answers 200, and says: \[\"a\"\]"),
        (200, b"{}", "answers 200, and says: nothing"),
        (404, b"", "answers 404, and says: nothing"),
        (500, b"Traceback (most recent call last):\n  File x\nKeyError: 'agent'\n", "says: KeyError: 'agent'\n"),
    ],
)
def test_what_is_no_dashboard_is_told_in_words(status: int, content: bytes, said: str) -> None:
    with answering(status, content) as (url, _), pytest.raises(ClusterRefused, match=said) as refused:
        Dashboard(url, TOKEN).version()
    assert "Traceback" not in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_the_token_is_sent_to_the_dashboard_alone() -> None:
    with answering(200, b'{"ray_version": "1"}') as (other, asked):
        assert Dashboard(other, TOKEN).version() == "1"
        assert asked.pop()["Authorization"] == f"Bearer {TOKEN}"
        with answering(307, Location=f"{other}/x") as (url, _), pytest.raises(ClusterRefused) as refused:
            Dashboard(url, TOKEN).version()
        assert str(refused.value).startswith(f"{url} sends on to {other}/x\n    fix: name the address where")
        assert asked == []
        assert Dashboard(other).version() == "1"
        assert "Authorization" not in asked.pop()


def test_a_proxy_that_takes_no_package_is_told_as_one() -> None:
    class Refusing(Dashboard):
        """Has nothing yet."""

        def _ask(self, method: str, path: str, data: bytes | None = None, sort: str = "") -> tuple[int, bytes]:
            return (404, b"") if method == "GET" else super()._ask(method, path, data, sort)

    with answering(413, b"<html>") as (url, _), pytest.raises(ClusterRefused, match="takes no 3 bytes at once\n"):
        Refusing(url).bring(Package("p", b"abc"))


def test_who_does_not_answer_is_named_without_a_login() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterRefused, match=rf"^http://{url} does not answer: Connection refused\n    fix: see"):
            Dashboard(f"http://ann:pw@{url}/").version()


def test_a_server_that_says_nothing_is_not_waited_for_without_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterRefused, match="does not answer: timed out"):
            Dashboard(url, patience=0.2).version()


def test_a_job_on_a_real_cluster(tmp_path: Path) -> None:
    with cluster(1, tmp_path) as there:
        with pytest.raises(ClusterRefused, match="wants a token, and was given none\n    fix: put the cluster's token"):
            Dashboard(there.dashboard).bring(package())
        with pytest.raises(ClusterRefused, match="does not take the token that it was given\n    fix: put the token"):
            Dashboard(there.dashboard, "0" * 32).bring(package())
        ours = Dashboard(there.dashboard, token_of({"RAY_AUTH_TOKEN_PATH": str(there.token_file)}, tmp_path))
        assert ours.version() == "2.60.0"
        for _ in range(2):
            ours.bring(package())
        assert ours.status("first") is None
        assert ours.stop("first") is False

        asked = "import os, bep.runner.engine; print('here is', bep.__name__, 'of', os.environ['OF'])"
        first = Submission("first", f'python -c "{asked}"', package(), {"OF": "2026"})
        ours.submit(first)
        eventually("the job ends", lambda: (found := ours.status("first")) and found.has_ended)
        assert ours.status("first") == Submitted("SUCCEEDED", "Job finished successfully.")
        assert "here is bep of 2026" in ours.logs("first")
        with pytest.raises(ClusterRefused, match=r"says: .*submission_id first already exists"):
            ours.submit(first)

        ours.submit(Submission("second", "sleep 1000", package()))
        eventually("the job runs", lambda: (found := ours.status("second")) and found.state == "RUNNING")
        assert ours.stop("second") is True
        eventually("the job ends", lambda: (found := ours.status("second")) and found.state == "STOPPED")
        there.kill_node(0)
        with pytest.raises(ClusterRefused, match="does not answer"):
            Dashboard(there.dashboard, patience=1).version()
