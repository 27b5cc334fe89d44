"""What every route of one server works with: which workspace, under which address. Knows no route."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from bep.app.access.tokens import Tokens, tokens_of
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened, Source


@dataclass(frozen=True)
class Site:
    """One workspace in one stage, served. `address` is the URL that clients reach it by, without a slash at its end;
    `clock` gives the moment in UTC; `wake` tells whoever starts jobs that one was ordered."""

    root: Path
    source: "Source"
    address: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    wake: Callable[[], None] = lambda: None

    def opened(self) -> "Opened":
        """The workspace as it is now. Each request opens it for itself: what is read stays as it was read."""
        from bep.app.workspace.opening import Opened

        return Opened(self.root, self.source)

    @property
    def tokens(self) -> Tokens:
        """Who may use it."""
        return tokens_of(self.opened())


def _site(request: Request) -> Site:
    found: Site = request.app.state.site
    return found


Served = Annotated[Site, Depends(_site)]
"""A parameter of a route: the site."""
