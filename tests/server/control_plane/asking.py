"""Paths of Azure Resource Manager, and a client that asks for them."""

from typing import Any

import httpx

from tests.server.serving import Running

BELOW = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}"
WORKSPACE = BELOW.format("11111111-2222-3333-4444-555555555555", "anybody", "letters")
VERSION = {"api-version": "2024-10-01"}


class Asking:
    """Asks a server, as a token of one role."""

    def __init__(self, running: Running, role: str = "admin") -> None:
        self.client = running.client(role)

    def answer(self, method: str, below: str, **options: Any) -> httpx.Response:
        """The answer, whatever it is. `below` is the path behind the workspace's."""
        params = {**VERSION, **options.pop("params", {})}
        return self.client.request(method, WORKSPACE + below, params=params, **options)

    def get(self, below: str, **params: str) -> Any:
        """The body of what is there."""
        answer = self.answer("GET", below, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, method: str, below: str, **options: Any) -> tuple[int, str, str]:
        """Status, code and sentence of what is refused."""
        answer = self.answer(method, below, **options)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["message"]
