"""The server as a process: a socket, and what is served on it until a signal ends it. Knows no route."""

import socket
from collections.abc import Callable

import uvicorn

from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass, replace
from bep.server.application import application
from bep.server.site import Site


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


def serve(site: Site, door: Door, listening: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM: requests that have begun are finished. `listening` is told the address.

    Raises `Refused` where the address cannot be had.
    """
    try:
        listener = socket.create_server((door.host, door.port))
    except (OSError, TypeError, UnicodeError) as error:  # the last two: what is no name of a host at all
        why = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        raise Refused(f"{door.host}:{door.port} cannot be listened on: {why}", about="host") from None
    port = listener.getsockname()[1]
    address = site.address or f"{door.scheme}://{door.host}:{port}"
    server = uvicorn.Server(
        uvicorn.Config(
            application(replace(site, address=address)),
            log_config=None,
            ssl_certfile=door.certificate or None,
            ssl_keyfile=door.key or None,
            server_header=False,
            timeout_graceful_shutdown=30,
        )
    )
    listening(address)
    server.run(sockets=[listener])
