"""The server as a person starts it: what it prints, a request with its token, its switches and faults over HTTP."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.azure.double_tests.bodies import endpoint

ROOT = Path(__file__).resolve().parents[3]


class Started:
    """A server in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "tests.azure.server", "0", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        told = dict(self.process.stdout.readline().strip().split(": ", 1) for _ in range(3))
        self.base, self.workspace, self.token = told["base_url"], told["workspace"], told["token"]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status of an answer, and its body."""
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=30)
        try:
            connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def end(self) -> None:
        """Interrupt it, as a person does; it ends well."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        assert self.process.returncode == 0


@pytest.fixture
def started() -> Iterator[Started]:
    server = Started("--off", "busy", "--polls", "0")
    yield server
    server.end()


def test_a_server_started_by_hand_is_told_how_to_misbehave(started: Started) -> None:
    path = f"{started.workspace}/batchEndpoints/ep?api-version=2024-10-01"
    status, habits = started.ask("GET", "/double/behaviours")
    assert (status, habits["busy"], habits["polls"], habits["no_retry_after"]) == (200, False, 0, True)
    assert started.ask("POST", "/double/behaviours", {"words_in_published_casing": False})[0] == 204
    status, made = started.ask("PUT", path, endpoint())
    assert (status, made["properties"]["authMode"]) == (201, "aadToken")
    started.ask("POST", "/double/errors", {"status": 429, "method": "GET", "count": 1})
    started.ask("POST", "/double/cut", {"number": 2, "moment": "after"})
    assert started.ask("GET", path)[0] == 429
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        started.ask("PUT", path, endpoint(description="cut"))
    assert started.ask("GET", path)[1]["properties"]["description"] == "cut"
    logged = started.ask("GET", "/double/log")[1]
    assert [(method, status) for method, _, status in logged] == [("PUT", 201), ("GET", 429), ("PUT", 0), ("GET", 200)]


def test_what_no_switch_is_called_is_said(started: Started) -> None:
    status, said = started.ask("POST", "/double/behaviours", {"lazy": True})
    assert (status, "no switch is called lazy" in said["error"]["message"]) == (400, True)
    assert started.ask("POST", "/double/errors", {"colour": "red"})[0] == 400
    assert "POST /double/cut" in started.ask("GET", "/double/anything")[1]["error"]["message"]
