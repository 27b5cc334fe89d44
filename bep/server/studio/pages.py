"""What every page has: its frame, who looks, the templates. Knows no page and decides nothing."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bep.app.access.roles import Permission
from bep.lazy_dataclasses import dataclass
from bep.server.access.callers import Caller, Looking
from bep.server.site import Served, Site
from bep.server.studio import texts
from bep.server.studio.assets import asset

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened

TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation."""

    title: str
    path: str


NAVIGATION: Final = (
    Entry("Overview", "/"),
    Entry("Jobs", texts.address_of("jobs")),
    Entry("Plans", texts.address_of("plans")),
    Entry("Compare", texts.address_of("compare")),
)
"""What stands at the top of every page."""


@dataclass(frozen=True)
class Frame:
    """What surrounds a page. `trail` are the pages above it; `csrf` is what every form sends; without a `caller` nobody
    is known, and nothing of the workspace is shown."""

    title: str
    current: str
    trail: Sequence[Entry]
    workspace: str
    stage: str
    caller: Caller | None
    csrf: str
    now: datetime
    navigation: Sequence[Entry] = NAVIGATION

    @property
    def may_change(self) -> bool:
        """Whether who looks may change resources."""
        return self.caller is not None and self.caller.may(Permission.CHANGE)

    @property
    def may_invoke(self) -> bool:
        """Whether who looks may start jobs."""
        return self.caller is not None and self.caller.may(Permission.INVOKE)


@dataclass(frozen=True)
class Visit:
    """One look at one page: by whom, when, and the workspace as it is then."""

    request: Request
    site: Site
    caller: Caller
    opened: "Opened"
    now: datetime

    def page(
        self,
        template: str,
        title: str,
        *,
        current: str = "",
        trail: Sequence[Entry] = (),
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """A page: the template with its values; `current` is the path of the entry of the navigation that it is of."""
        glanced = self.opened.glanced
        frame = Frame(
            title,
            current,
            trail,
            glanced.name,
            glanced.stage or "",
            self.caller,
            getattr(self.request.state, "csrf", ""),
            self.now,
        )
        return drawn(template, frame, status=status, **values)

    def part(self, template: str, **values: Any) -> str:
        """A part of a page, for what replaces it while somebody looks."""
        return environment().get_template(template).render(now=self.now, **values)


def _visit(request: Request, site: Served, caller: Looking) -> Visit:
    return Visit(request, site, caller, site.opened(), site.clock())


Visiting = Annotated[Visit, Depends(_visit)]
"""A parameter of a page's route: who looks must be allowed to."""


@cache
def environment() -> Environment:
    """The templates. Whatever is shown is escaped, and made visible where it would move or hide writing."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=texts.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": asset, "address_of": texts.address_of}
    made.filters |= {
        "ago": texts.ago,
        "counted": texts.counted,
        "duration": texts.duration,
        "file": texts.file,
        "in_query": texts.in_query,
        "name": texts.name,
        "running": texts.running,
        "sentence": texts.sentence,
        "short": texts.short,
        "size": texts.size,
        "when": texts.when,
    }
    return made


def drawn(template: str, frame: Frame, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A template in its frame, as an answer that no browser keeps: it is as true as the moment."""
    text = environment().get_template(template).render(frame=frame, now=frame.now, **values)
    return HTMLResponse(text, status, {"cache-control": "private, no-store"})
