"""A workspace whose compute is a Ray cluster: with a stand-in for the engine, and one for the dashboard."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.bep.conftest import Workspace

STAND_IN = Path(__file__).with_name("stand_in")
TOKEN = "the-token-of-the-cluster-4711"


class Dashboard(ThreadingHTTPServer):
    """Says which Ray it is, to whoever has its token; without one, to anybody."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.token = ""
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Asked(BaseHTTPRequestHandler):
    server: Dashboard

    def do_GET(self) -> None:
        self.server.asked += 1
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status = 200 if given == self.server.token else 403 if given else 401
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps({"ray_version": "2.60.0"}).encode() if status == 200 else b"no")

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def answering() -> Iterator[Dashboard]:
    """A dashboard that answers."""
    server = Dashboard()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class OnCluster(Workspace):
    """The small workspace, its compute a cluster with this dashboard and the folder `share`; no token lies about."""

    dashboard: Dashboard = field(default_factory=Dashboard)

    @property
    def share(self) -> Path:
        return self.folder / "share"

    def compute(self, lines: str) -> None:
        """Other lines of the compute, applied."""
        specs = (self.folder / "specs.yml").read_text()
        _, _, rest = specs.partition("---\n")
        (self.folder / "specs.yml").write_text(f"kind: compute\nname: cpu-cluster\ntype: ray\n{lines}\n---\n{rest}")
        self.bep("apply", "-y")

    def asked(self, job: str) -> list[dict[str, Any]]:
        """What the engine was asked, once a run."""
        return [json.loads(line) for line in (self.folder / ".bep/jobs" / job / "asked").read_text().splitlines()]


@pytest.fixture
def on_cluster(workspace: Workspace) -> Iterator[OnCluster]:
    """Applied; its share is there."""
    home = workspace.folder / "home"
    home.mkdir()
    (workspace.folder / "share").mkdir()
    given = {"PYTHONPATH": str(STAND_IN), "HOME": str(home), "RAY_AUTH_TOKEN": "", "RAY_AUTH_TOKEN_PATH": ""}
    with answering() as dashboard:
        found = OnCluster(workspace.folder, given, dashboard)
        found.compute(f"dashboard: {dashboard.url}\nshare: share")
        yield found
