"""The server as a process: a socket, and what is served on it until a signal ends it. Knows no route."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from bep.app.access.servers import announced, forget_dead
from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass, replace
from bep.server.application import application
from bep.server.background import looking_after, steps_of
from bep.server.connection import Connection
from bep.server.life import Life
from bep.server.listening import Door as Door
from bep.server.listening import must_be_private, names_of
from bep.server.observing.log import Log
from bep.server.observing.streams import Streams
from bep.server.site import Site

INTERRUPTED = 130
"""How a process ends that did not wait for its requests."""
GRACE = 30
"""Seconds that requests have when the server is to end."""
CONNECTIONS = 1000
"""Open at once; one more is answered 503."""


@dataclass(frozen=True)
class Voice:
    """What is told: `listening` the address and the port, once; `stopping` how many requests are still answered; `log`
    a line for each request and each fault, of JSON where that is asked for."""

    listening: Callable[[str, int], None]
    stopping: Callable[[int], None]
    log: Callable[[str], None]
    is_json: bool = False


def serve(site: Site, door: Door, voice: Voice) -> None:
    """Serve until SIGINT or SIGTERM: requests that have begun are finished, streams are ended, jobs go on. A second
    signal ends the process at once.

    Raises `Refused` where the address cannot be had, or is not one to send tokens to.
    """
    must_be_private(door, is_behind_proxy=site.is_behind_proxy)
    names = names_of(door, site.clock())
    listener = listened(door)
    port = listener.getsockname()[1]
    address = site.address or door.address(port)
    site = replace(site, address=address, names=(*site.names, *names))
    log = Log(voice.log, site.clock, voice.is_json)
    made = application(site, log)
    server = _Server(_configured(made, door), site.life, made.state.streams, voice.stopping)
    forget_dead(site.home)
    with (
        server.signals(),
        announced(site.home, address, site.clock().isoformat()) as server.withdraw,
        looking_after(steps_of(site, log), site.life, log),
    ):
        voice.listening(address, port)
        server.run(sockets=[listener])


def _configured(made: FastAPI, door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        made,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # it would believe whatever comes from this machine
        server_header=False,
        limit_concurrency=CONNECTIONS,
        ssl_certfile=door.certificate or None,
        ssl_keyfile=door.key or None,
        timeout_graceful_shutdown=GRACE,
    )


def listened(door: Door) -> socket.socket:
    """The socket of a server. Raises `Refused` where the address cannot be had."""
    try:
        found = socket.getaddrinfo(door.host, door.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(found[4][:2], family=found[0], backlog=1024)
    except (OSError, UnicodeError) as error:  # the latter: what is no name of a host at all
        why = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        raise Refused(f"{door.host}:{door.port} cannot be listened on: {why}", about="host") from None
    # a connection has it from its listener: else the end of an answer waits 40 ms until its beginning is acknowledged
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Server(uvicorn.Server):
    """The library's server, which ends the process by the signal that it got: this one returns instead."""

    def __init__(self, config: uvicorn.Config, life: Life, streams: Streams, stopping: Callable[[int], None]) -> None:
        super().__init__(config)
        self._life = life
        self._streams = streams
        self._stopping = stopping
        self.withdraw: Callable[[], None] = lambda: None

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Handle them from before the address is told until the process has put all away."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to `signals`."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at once, where that was asked for before: whatever is kept is whole at every moment."""
        if self.should_exit:
            os._exit(INTERRUPTED)
        self.should_exit = True
        self._life.stopping.set()
        self._life.work.set()
        self._stopping(len(self.server_state.tasks))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send nobody here any more, end what has no end of its own, then wait for all else."""
        self.withdraw()
        self._streams.end()
        await super().shutdown(sockets)
