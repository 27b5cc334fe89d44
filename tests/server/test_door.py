"""The server starts, answers, and knows who may ask."""

import httpx

from tests.server.serving import Running


def test_it_says_that_it_is_there(running: Running) -> None:
    assert httpx.get(running.address + "/healthz").text == "ok"


def test_what_is_not_there_is_told_in_the_shape_of_the_service(running: Running) -> None:
    answer = httpx.get(running.address + "/nothing")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NotFound"
