"""A connection on which no request comes is ended; one on which an answer takes its time is not."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from bep.server import connection
from bep.server.connection import Connection
from bep.server.listening import Door
from bep.server.running import listened
from tests.bep.conftest import until

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answers after several times what a head may take."""
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server in a thread that waits no time for a head."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(slow, http=Connection, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    until(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(60)
    listener.close()


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD])
def test_a_head_that_does_not_come_ends_the_connection(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(sent)
        assert client.recv(1) == b""


def test_an_answer_may_take_its_time_and_the_next_head_is_waited_for_anew(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(HEAD + b"\r\n")
        found = b""
        while not found.endswith(b"ok"):
            found += client.recv(1000)
        assert found.startswith(b"HTTP/1.1 200")
        client.sendall(b"GET")
        assert client.recv(1) == b""


def test_no_part_of_an_answer_waits_for_another_to_be_acknowledged() -> None:
    with listened(Door("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()[:2]) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert client.getpeername() == accepted.getsockname()
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
