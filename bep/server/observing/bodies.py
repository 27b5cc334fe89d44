"""Bodies, as they come: no larger than may be, and none that stops on its way. Knows no route."""

import asyncio
from typing import Final

from fastapi import HTTPException
from starlette.types import Message, Receive, Send

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a body that is read as a whole."""
SILENCE: Final = 60.0
"""Seconds in which something of a body has to come, and something of an answer has to be taken."""


class TooSlow(Exception):
    """The other side takes no answer."""


def limited(receive: Receive, largest: int | None) -> Receive:
    """The same, refusing what is too large (413) or does not come (408)."""
    read, is_whole = 0, False

    async def received() -> Message:
        nonlocal read, is_whole
        if is_whole:  # what is waited for now is that the other side leaves
            return await receive()
        try:
            async with asyncio.timeout(SILENCE):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"nothing more of the body came in {SILENCE:.0f} s") from None
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        read += len(message.get("body", b""))
        if largest is not None and read > largest:
            raise HTTPException(413, too_large(largest))
        return message

    return received


def patient(send: Send) -> Send:
    """The same, giving up on who takes nothing. Raises `TooSlow`."""

    async def sent(message: Message) -> None:
        try:
            async with asyncio.timeout(SILENCE):
                await send(message)
        except TimeoutError:
            raise TooSlow from None

    return sent


def too_large(largest: int) -> str:
    """Why a body is refused."""
    return f"the body is larger than {largest:,} bytes"
