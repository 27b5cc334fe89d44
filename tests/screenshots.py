"""Pictures of plans and of the studio: `python -m tests.screenshots` makes those under docs/pictures anew, those whose
names begin as is said after it.

Needs what `make services` installs: Debian's Chromium, and the stylesheet in which GitHub shows Markdown. GitHub's own
renderer makes HTML of the comment. Look at every picture that changes.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from PIL import Image

from bep.command_words import plan_said
from bep.planner.plan import Plan
from bep.planner.rendering.html import page
from bep.planner.rendering.markdown import render as render_markdown
from tests.planner.rendering.renderers import rendered_by_github
from tests.planner.test_golden import blue_green, drifted, one_line_of_a_script
from tests.server import digits
from tests.server.browsing import Browsing, browsing, looks
from tests.server.lived_in import live_in, working
from tests.server.serving import serving
from tests.services.browser import WIDTHS, browser
from tests.services.places import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
STYLESHEET: Final = ROOT / "node_modules" / "github-markdown-css" / "github-markdown.css"
SCENES: Final = {"blue-green": blue_green, "script": one_line_of_a_script, "drift": drifted}
DARK: Final = "drift"
"""The plan whose page is shown in the dark, too."""
STUDIO: Final = {
    "overview": "/",
    "endpoint": "/studio/endpoints/letters",
    "plans": "/studio/plans",
    "compare": "/studio/compare?first=first-of-blue&second=first-of-green",
}
"""Pages of the studio, by the names of their pictures; that of a plan is found on the way."""
JOBS: Final = {
    "job-live": "/studio/jobs/today",
    "job-inputs": "/studio/jobs/nightly/inputs",
    "job-datastore": "/studio/datastores/workspaceblobstore?path=azureml://datastores/workspaceblobstore/paths/azureml"
    "/nightly/score",
}
"""Those of jobs, in a workspace that reads digits."""
DARK_PAGES: Final = ("overview", "job-live")
COLOURS: Final = 64
"""Enough for plans, in a quarter of the bytes; a page of the studio has colours that are a few pixels large."""
UNDO: Final = "`bep rollback`"


def pages(name: str, plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Each page of a plan: its name, its HTML, the colours of who looks."""
    said = plan_said(plan)
    yield f"plan-{name}", page.render(said, UNDO), "light"
    if name == DARK:
        yield f"plan-{name}-dark", page.render(said, UNDO), "dark"
    comment = rendered_by_github(render_markdown(said, undo=UNDO))
    style = f"{STYLESHEET.read_text()} body{{max-width:912px;margin:0 auto;padding:24px}}"
    yield f"comment-{name}", f'<style>{style}</style><body class="markdown-body">{comment}', "light"


def main(wanted: Sequence[str] = ("plan", "comment", "studio")) -> None:
    """Write the pictures that are wanted, each page opened as far as it goes."""
    FOLDER.mkdir(exist_ok=True)
    if any(name.startswith("studio") and not name.startswith("studio-job") for name in wanted):
        _studio()
    if any(name == "studio" or name.startswith("studio-job") for name in wanted):
        _jobs()
    with browser() as started:
        for name, scene in SCENES.items():
            for title, text, scheme in pages(name, scene()):
                for width in WIDTHS if title.startswith(tuple(wanted)) else ():
                    _take(started, text, scheme, width, FOLDER / f"{title}-{width}.png")


def _studio() -> None:
    """The pages of a server over a workspace that was worked with, while a job is at work there."""
    with (
        TemporaryDirectory() as folder,
        serving(live_in(Path(folder) / "letters")) as running,
        working(running.workspace),
        browsing(running) as opened,
    ):
        shift = running.client("read").get("/studio/endpoints/letters").text
        _take_all(opened, {**STUDIO, "plan": re.findall(r'href="(/studio/plans/[^"]+)"', shift)[0]})


def _jobs() -> None:
    """The pages of jobs that read digits, one of them at work."""
    with (
        TemporaryDirectory() as folder,
        serving(digits.laid_out(Path(folder))) as running,
        digits.at_work(running, "today"),
        browsing(running) as opened,
    ):
        _take_all(opened, JOBS)


def _take_all(opened: Browsing, paths: Mapping[str, str]) -> None:
    for name, path in paths.items():
        for width, scheme in looks() if name in DARK_PAGES else [(width, "light") for width in WIDTHS]:
            dark = "-dark" if scheme == "dark" else ""
            with opened.tab(width=width, scheme=scheme) as tab:
                tab.go(path)
                _keep(tab.page.screenshot(full_page=True), FOLDER / f"studio-{name}{dark}-{width}.png", 256)


def _take(started: "Browser", text: str, scheme: str, width: int, target: Path) -> None:
    context = started.new_context(viewport={"width": width, "height": 600}, color_scheme=scheme)
    tab = context.new_page()
    tab.set_content(text.replace("<details>", "<details open>"))
    _keep(tab.screenshot(full_page=True), target)
    context.close()


def _keep(data: bytes, target: Path, colours: int = COLOURS) -> None:
    picture = Image.open(BytesIO(data))
    picture.convert("RGB").quantize(colours).save(target, optimize=True)
    print(target.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main(*([sys.argv[1:]] if sys.argv[1:] else []))
