"""A server ends as it is asked to: what has begun is answered, streams end, jobs go on."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from bep.app.access.servers import running_server
from bep.app.workspace.opening import Opened, Source
from tests.bep.conftest import Workspace, surroundings, until
from tests.server.serving import Running, serving

LIVE = "/studio/overview/events"


def connected(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=60)


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side has ended."""
    found = b""
    while piece := connection.recv(65_536):
        found += piece
    return found


def head(running: Running, method: str, path: str, *more: str) -> bytes:
    token = running.client().headers["authorization"]
    lines = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {token}", *more, "", "")
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_nothing_to_complain_of(applied: Workspace, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", "serve", "--port", "0", "--json"], cwd=applied.folder, env=surroundings(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "ending: jobs go on" in said
    assert "Traceback" not in said


def test_a_request_that_has_begun_is_answered(running: Running) -> None:
    with closing(connected(running)) as connection:
        connection.sendall(head(running, "POST", "/endpoints/letters/jobs", "Content-Type: application/json",
                                "Content-Length: 2"))  # fmt: skip
        log = running.workspace.folder / ".bep/access/audit.jsonl"
        until(lambda: '"asked"' in log.read_text())
        running.process.send_signal(signal.SIGTERM)
        until(lambda: _refuses(running))
        connection.sendall(b"{}")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 4")  # an answer of bep's: no body of a job
    assert running.process.wait(60) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked, answered = [one for one in lines if one["event"] != "done"]
    assert (asked["event"], answered["event"], asked["id"]) == ("asked", "answered", answered["id"])
    assert (asked["who"], asked["role"], asked["what"]) == ("admin", "admin", "POST /endpoints/letters/jobs")
    assert answered["status"] == int(answer.split()[1])


def _refuses(running: Running) -> bool:
    try:
        connected(running).close()
    except OSError:
        return True
    return False


def test_the_second_signal_ends_it_at_once(applied: Workspace) -> None:
    with serving(applied, ending=signal.SIGCONT) as running, closing(connected(running)) as connection:
        connection.sendall(head(running, "POST", "/endpoints/letters/jobs", "Content-Length: 9"))
        until(lambda: '"asked"' in (applied.folder / ".bep/access/audit.jsonl").read_text())
        running.process.send_signal(signal.SIGTERM)
        until(lambda: _refuses(running))
        assert running.process.poll() is None
        assert running_server(Opened(applied.folder, Source())) is None  # nobody is sent to one that answers no more
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 130
    with serving(applied) as later:
        assert later.browser().get("/").status_code == 200


def test_a_stream_ends_with_the_server(running: Running) -> None:
    with running.client().stream("GET", LIVE) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        running.process.send_signal(signal.SIGTERM)
        for _ in stream.iter_bytes():  # to its end: half an answer would raise
            pass
    assert running.process.wait(60) == 0
