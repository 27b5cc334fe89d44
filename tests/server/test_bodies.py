"""Bodies end where they may be no larger, and where nothing comes."""

import asyncio

import pytest
from fastapi import HTTPException
from starlette.types import Message, Receive

from bep.server.observing import bodies
from bep.server.observing.bodies import TooSlow, limited, patient


def coming(*messages: Message) -> Receive:
    """A body that comes in these pieces, and then no more."""
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def piece(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def read(receive: Receive) -> int:
    """All of it: how many bytes."""
    size = 0
    while True:
        message = await receive()
        size += len(message["body"])
        if not message["more_body"]:
            return size


def test_a_body_is_read_to_its_limit_and_no_further() -> None:
    assert asyncio.run(read(limited(coming(piece(6), piece(4, more=False)), 10))) == 10
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read(limited(coming(piece(6), piece(5), piece(6)), 10)))
    assert caught.value.status_code == 413
    assert asyncio.run(read(limited(coming(piece(600), piece(500, more=False)), None))) == 1100


def test_a_body_that_stops_on_its_way_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.01)
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read(limited(coming(piece(6)), 10)))
    assert caught.value.status_code == 408


def test_once_a_body_is_whole_nothing_is_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.01)

    async def until_the_other_side_leaves() -> None:
        receive = limited(coming(piece(1, more=False)), 10)
        await receive()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.1)

    asyncio.run(until_the_other_side_leaves())


def test_who_takes_no_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.01)

    async def stuck(message: Message) -> None:
        await asyncio.Event().wait()

    async def answered() -> None:
        await patient(stuck)({"type": "http.response.body"})

    with pytest.raises(TooSlow):
        asyncio.run(answered())
