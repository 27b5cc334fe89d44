"""Answers are JSON whatever they say, and what no text can be is refused at the door."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bep.server.answers import Answering, JSONAnswer, Unanswered, answer_failures, must_be_characters

HALF = "caf\udce9"
"""As Python has the name of a file that is no UTF-8."""


def application() -> FastAPI:
    made = FastAPI()
    made.router.route_class = Answering
    answer_failures(made)

    @made.get("/told")
    def told() -> dict[str, str]:
        return {"name": HALF}

    @made.put("/taken")
    def taken(body: dict[str, str]) -> dict[str, str]:
        return body

    @made.get("/refused")
    def refused() -> None:
        raise Unanswered(404, "NotFound", f"there is no {HALF}")

    return made


def asked(method: str, path: str, **more: Any) -> httpx.Response:
    """What the application answers."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=application())
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path, **more)

    return asyncio.run(ask())


def test_a_name_that_is_no_text_is_told_as_json_can() -> None:
    assert json.loads(asked("GET", "/told").content) == {"name": HALF}
    assert json.loads(asked("GET", "/refused").content)["error"]["message"] == f"there is no {HALF}"
    assert JSONAnswer({"é": "\\ud800"}).body == '{"é":"\\\\ud800"}'.encode()


@pytest.mark.parametrize("body", [b'{"a": "\\ud800"}', b'{"\\udfff": "a"}', b'{"a": "\xed\xa0\x80"}'])
def test_half_of_a_character_is_refused(body: bytes) -> None:
    answer = asked("PUT", "/taken", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "which is half of a character" in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b'{"a": "\\ud83d\\ude00"}', b'{"a": "\\\\ud800"}'])
def test_whole_characters_are_taken(body: bytes) -> None:
    answer = asked("PUT", "/taken", content=body, headers={"Content-Type": "application/json"})
    assert answer.json() == json.loads(body)
    must_be_characters(json.loads(body))
