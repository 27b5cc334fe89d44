"""A real browser on a real server's pages: what each has to be for everybody who looks. Skips where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.server.serving import Running
from tests.services.browser import SCHEMES, WIDTHS, browser
from tests.services.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
HEIGHT: Final = 800
GRAVE: Final = ("serious", "critical")
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
STEPS: Final = 80
"""Presses of Tab that reach the end of any page that is looked at here."""


@dataclass
class Tab:
    """A page that is open, and what went wrong on it: in its console, by its policy, towards other hosts."""

    page: "Page"
    address: str
    troubles: list[str] = field(default_factory=list)

    def go(self, path: str, *, status: int = 200) -> "Tab":
        """Open a page of the server, which answers with a status, and wait until its script has run."""
        from playwright.sync_api import Error

        try:
            answer = self.page.goto(self.address + path, wait_until="load")
        except Error as problem:  # the page before it was just about to load itself again
            if "interrupted by another navigation" not in str(problem) and "ERR_ABORTED" not in str(problem):
                raise
            answer = self.page.goto(self.address + path, wait_until="load")
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        if status != 200:  # the browser says so in its console
            self.troubles[:] = [one for one in self.troubles if f"a status of {status}" not in one]
        return self

    def picture(self, target: "Path") -> None:
        """The page from top to bottom as a file."""
        self.page.screenshot(path=str(target), full_page=True)

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window: a person would have to scroll sideways."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return found

    def barriers(self) -> list[str]:
        """What axe-core finds on the page that is serious or worse: the rule, and where."""
        self.page.evaluate(AXE.read_text())  # as a debugger does it: what the page's policy allows stays as it is
        found: list[dict[str, Any]] = self.page.evaluate(
            "async (rules) => (await axe.run({runOnly: rules, resultTypes: ['violations']})).violations", list(RULES)
        )
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: {node['html']}"
            for one in found
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]

    def walk(self) -> list[str]:
        """What Tab reaches, one after another, each as it would be named; everything reached must show that it is."""
        reached: list[str] = []
        for _ in range(STEPS):
            self.page.keyboard.press("Tab")
            told: list[str] | None = self.page.evaluate(_FOCUSED)
            if told is None:
                break
            name, outline = told
            assert outline != "none", f"{name}: nothing shows that it has the focus"
            reached.append(name)
        return reached

    def must_be_sound(self) -> None:
        """No trouble, no barrier, no sideways scrolling."""
        assert self.troubles == []
        assert self.overflow <= 0, f"{self.page.url}: {self.overflow} px wider than the window"
        assert self.barriers() == []
        assert self.troubles == []


_FOCUSED: Final = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  return [one.getAttribute("aria-label") || one.textContent.trim() || one.tagName, getComputedStyle(one).outlineStyle];
}"""


@contextmanager
def browsing(running: Running) -> Iterator["Browsing"]:
    """A browser, and the server it looks at. Skips where `make services` has put no browser here."""
    with browser() as started:
        yield Browsing(started, running)


@dataclass(frozen=True)
class Browsing:
    """Opens tabs of one server's pages."""

    started: "Browser"
    running: Running

    @contextmanager
    def tab(
        self,
        *,
        width: int = WIDTHS[0],
        scheme: str = SCHEMES[0],
        script: bool = True,
        role: str = "admin",
    ) -> Iterator[Tab]:
        """A tab of somebody who has signed in with a role; nobody is where it is empty."""
        context = self.started.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme=scheme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        if role:
            self._sign_in(context, role)
        tab = Tab(context.new_page(), self.running.address)
        _listen(tab)
        try:
            yield tab
        finally:
            context.close()

    def _sign_in(self, context: "BrowserContext", role: str) -> None:
        """As a person does: by a link that works once."""
        answer = context.request.get(self.running.link("--role", role))
        assert answer.ok, answer.text()


def _listen(tab: Tab) -> None:
    """Note what goes wrong."""
    page, note = tab.page, tab.troubles.append

    def failed(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # a stream of events that ends with its page
            note(f"not loaded: {request.url}: {request.failure}")

    def asked(request: Any) -> None:
        if not request.url.startswith((tab.address + "/", "data:")):
            note(f"asked elsewhere: {request.url}")

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            note(f"console: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: note(f"script: {error}"))
    page.on("request", asked)
    page.on("requestfailed", failed)


def looks() -> list[tuple[int, str]]:
    """Each width of a window with each scheme of colours."""
    return [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
