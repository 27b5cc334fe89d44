"""What every route of one server works with: which workspace, under which address. Knows no route."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

from bep.app.access.tokens import Tokens
from bep.lazy_dataclasses import dataclass, field
from bep.server.life import Life

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
    def tokens(self) -> Tokens:
        """Who may use it."""
        return Tokens(self.home)


def _site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


Served = Annotated[Site, Depends(_site)]
"""A parameter of a route: the site."""
