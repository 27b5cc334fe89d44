"""Pictures of a plan as people see it: `python -m tests.screenshots` makes those under docs/pictures anew.

Needs what `make services` installs: Debian's Chromium, and the stylesheet in which GitHub shows Markdown. GitHub's own
renderer makes HTML of the comment. Look at every picture that changes.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from bep.command_words import plan_said
from bep.planner.plan import Plan
from bep.planner.rendering.html import page
from bep.planner.rendering.markdown import render as render_markdown
from tests.planner.rendering.renderers import rendered_by_github
from tests.planner.test_golden import blue_green, drifted, one_line_of_a_script
from tests.services.browser import WIDTHS, browser
from tests.services.places import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
STYLESHEET: Final = ROOT / "node_modules" / "github-markdown-css" / "github-markdown.css"
SCENES: Final = {"blue-green": blue_green, "script": one_line_of_a_script, "drift": drifted}
DARK: Final = "drift"
"""The plan whose page is shown in the dark, too."""
COLOURS: Final = 64
"""Enough for pages without photographs, in a quarter of the bytes."""
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


def main() -> None:
    """Write every picture, the page opened as far as it goes."""
    FOLDER.mkdir(exist_ok=True)
    with browser() as started:
        for name, scene in SCENES.items():
            for title, text, scheme in pages(name, scene()):
                for width in WIDTHS:
                    _take(started, text, scheme, width, FOLDER / f"{title}-{width}.png")


def _take(started: "Browser", text: str, scheme: str, width: int, target: Path) -> None:
    context = started.new_context(viewport={"width": width, "height": 600}, color_scheme=scheme)
    tab = context.new_page()
    tab.set_content(text.replace("<details>", "<details open>"))
    picture = Image.open(BytesIO(tab.screenshot(full_page=True)))
    context.close()
    picture.convert("RGB").quantize(COLOURS).save(target, optimize=True)
    print(target.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
