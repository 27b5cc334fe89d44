"""A real server in a process of its own, over a real workspace, and whoever asks it."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx

from tests.bep.conftest import Workspace, surroundings
from tests.forking.commands import Started, started


@dataclass(frozen=True)
class Running:
    """A server that listens: its workspace, its process, its address."""

    workspace: Workspace
    process: Started
    address: str
    port: int

    def token(self, role: str, *, name: str = "") -> str:
        """A new token of a role."""
        return self.workspace.bep("token", "create", "--name", name or role, "--role", role).stdout.strip()

    def client(self, role: str = "admin") -> httpx.Client:
        """A client that has the token of a role, made when it is first asked for."""
        if role not in self._tokens:
            self._tokens[role] = self.token(role)
        headers = {"Authorization": f"Bearer {self._tokens[role]}"}
        made = httpx.Client(base_url=self.address, headers=headers, timeout=60)
        self._clients.append(made)
        return made

    def link(self, *options: str) -> str:
        """A link that signs a browser in, as a person gets it."""
        return self.workspace.bep("studio", *options).stdout.strip()

    def browser(self, *options: str) -> httpx.Client:
        """What asks as a browser does that has followed such a link."""
        made = httpx.Client(base_url=self.address, headers={"Accept": "text/html,*/*;q=0.8"}, timeout=60)
        self._clients.append(made)
        answer = made.get(self.link(*options))
        assert answer.status_code == 200, answer.text
        return made

    def close(self) -> None:
        """Let go of every client."""
        for client in self._clients:
            client.close()

    @cached_property
    def _tokens(self) -> dict[str, str]:
        return {}

    @cached_property
    def _clients(self) -> list[httpx.Client]:
        return []


@contextmanager
def serving(workspace: Workspace, *options: str, ending: int = signal.SIGTERM) -> Iterator[Running]:
    """`bep serve` in a workspace, as a user starts it, on a port that is free."""
    words = ("serve", "--port", "0", "--json", *options)
    process = started(words, workspace.folder, {**surroundings(), **workspace.given}, stderr=2)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        running = Running(workspace, process, said["address"], said["port"])
        try:
            yield running
        finally:
            running.close()
    finally:
        process.send_signal(ending)
        process.wait(60)
        process.stdout.close()
