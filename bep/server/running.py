"""The server as a process: a socket, and what is served on it until a signal ends it. Knows no route."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from bep.app.access.servers import announced, forget_dead
from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass, replace
from bep.server.application import application
from bep.server.life import Life
from bep.server.site import Site

INTERRUPTED = 130
"""How a process ends that did not wait for its requests."""


@dataclass(frozen=True)
class Door:
    """Where it listens: port 0 takes any that is free. `certificate` and `key` are files, empty for plain http."""

    host: str
    port: int
    certificate: str = ""
    key: str = ""

    @property
    def scheme(self) -> str:
        """Of the URLs of this server."""
        return "https" if self.certificate else "http"


@dataclass(frozen=True)
class Voice:
    """What is told: `listening` the address, once; `stopping` how many requests are still answered."""

    listening: Callable[[str], None]
    stopping: Callable[[int], None]


def serve(site: Site, door: Door, voice: Voice) -> None:
    """Serve until SIGINT or SIGTERM: requests that have begun are finished, streams are ended, jobs go on. A second
    signal ends the process at once.

    Raises `Refused` where the address cannot be had.
    """
    try:
        listener = socket.create_server((door.host, door.port), family=_family(door.host))
    except (OSError, TypeError, UnicodeError) as error:  # the last two: what is no name of a host at all
        why = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        raise Refused(f"{door.host}:{door.port} cannot be listened on: {why}", about="host") from None
    port = listener.getsockname()[1]
    address = site.address or f"{door.scheme}://{_in_url(door.host)}:{port}"
    server = _Server(
        uvicorn.Config(
            application(replace(site, address=address)),
            log_config=None,
            ssl_certfile=door.certificate or None,
            ssl_keyfile=door.key or None,
            server_header=False,
            timeout_graceful_shutdown=30,
            ws="none",
        ),
        site.life,
        voice.stopping,
    )
    forget_dead(site.home)
    with server.signals(), announced(site.home, address, site.clock().isoformat()):
        voice.listening(address)
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """The library's server, which ends the process by the signal that it got: this one returns instead."""

    def __init__(self, config: uvicorn.Config, life: Life, stopping: Callable[[int], None]) -> None:
        super().__init__(config)
        self._life = life
        self._stopping = stopping

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


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
