"""What every route of one server works with: which workspace, under which address. Knows no route."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from bep.app.access.tokens import Tokens
from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass, field
from bep.server.life import Life
from bep.server.names import host_of, is_name

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened, Source

STUDIO: Final = "/studio"
"""Where the pages for people are; the overview alone is at `/`."""


@dataclass(frozen=True)
class Site:
    """One workspace in one stage, served. `address` is the URL that clients reach it by, without a slash at its end;
    `clock` gives the moment in UTC; `names` are hosts that it may be asked for beside that of its address and this
    machine's own, `*.NAME` for all below one."""

    root: Path
    source: "Source"
    address: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    names: tuple[str, ...] = ()
    is_behind_proxy: bool = False
    life: Life = field(default_factory=Life)

    def opened(self) -> "Opened":
        """The workspace as it is now. Each request opens it for itself: what is read stays as it was read."""
        from bep.app.workspace.opening import Opened

        return Opened(self.root, self.source)

    def wake(self) -> None:
        """Tell whoever starts jobs that one was ordered."""
        self.life.work.set()

    @cached_property
    def home(self) -> Path:
        """Where the workspace keeps what is bep's. Looked up once: a server goes on with the stage it began with."""
        return self.opened().home

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The names that a request may be for, in lower case."""
        named = urlsplit(self.address).hostname or ""
        return tuple(name.lower() for name in (named, gethostname(), *self.names) if name)

    @cached_property
    def tokens(self) -> Tokens:
        """Who may use it."""
        return Tokens(self.home)


def _site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


Served = Annotated[Site, Depends(_site)]
"""A parameter of a route: the site."""


def asked_url(said: str) -> str:
    """The URL that clients reach the server by, as it was asked for; empty where nothing was. Raises `Refused`."""
    if said and not _is_url(said):
        raise Refused(f"{said} is no URL of a server: write https://NAME or https://NAME:PORT", about="url")
    return said.rstrip("/")


def _is_url(said: str) -> bool:
    try:
        url = urlsplit(said)
        _ = url.port
    except ValueError:
        return False
    is_plain = url.path in ("", "/") and not set(said) & set("?#@*")
    return url.scheme in ("http", "https") and is_plain and bool(host_of(url.netloc))


def asked_names(said: Sequence[str]) -> tuple[str, ...]:
    """Names that the server may be asked by, as they were given. Raises `Refused`."""
    for name in said:
        if not is_name(name):
            raise Refused(f"{name!r} is no host: write a name, or *.NAME for all below one", about="allow-host")
    return tuple(name.lower() for name in said)
