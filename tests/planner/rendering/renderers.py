"""Markdown as hosts render it: their own engines where published, and others, each with all it can bring alive.

cmark-gfm is GitHub's, comrak GitLab's, markdown-it Azure DevOps', Python-Markdown Bitbucket's.
"""

import json
import subprocess
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.services.places import ROOT

NPM = ("commonmark", "markdown-it", "marked", "micromark", "showdown")


def rendered_by_github(text: str) -> str:
    """As GitHub makes HTML of it, before it takes out what it does not let through."""
    import cmarkgfm  # type: ignore[import-untyped]

    extensions = ["autolink", "strikethrough", "table", "tasklist"]
    return str(cmarkgfm.markdown_to_html_with_extensions(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE, extensions))


def _gitlab(text: str) -> str:
    import comrak

    extension, rendering = comrak.ExtensionOptions(), comrak.RenderOptions()
    for name in ("autolink", "strikethrough", "table", "tasklist", "footnotes", "description_lists", "shortcodes"):
        if hasattr(extension, name):
            setattr(extension, name, True)
    rendering.unsafe_ = True
    return str(comrak.render_markdown(text, extension_options=extension, render_options=rendering))


@cache
def _reader_of_bitbucket() -> Any:
    import markdown  # type: ignore[import-untyped]

    reader = markdown.Markdown(extensions=["extra", "sane_lists", "nl2br"])
    reader.preprocessors.deregister("html_block")  # as Bitbucket has it: HTML is shown, not obeyed
    reader.inlinePatterns.deregister("html")
    return reader


def _mistune(text: str) -> str:
    import mistune

    plugins = ["strikethrough", "footnotes", "table", "url", "task_lists", "def_list", "abbr", "mark"]
    return str(mistune.create_markdown(escape=False, plugins=plugins)(text))


PYTHON: dict[str, Callable[[str], str]] = {"cmark-gfm": rendered_by_github, "comrak": _gitlab, "mistune": _mistune}


def rendered(texts: Sequence[str]) -> dict[str, list[str]]:
    """Each text as HTML, by every renderer of HTML-capable hosts. Skips the test where npm's are not there."""
    if not all((ROOT / "node_modules" / name).is_dir() for name in NPM):
        pytest.skip("no Markdown renderers of npm here: `make services` gets them")
    script = Path(__file__).with_name("renderers.mjs")
    done = subprocess.run(
        ["node", str(script), str(ROOT / "package.json")],
        input=json.dumps(list(texts)),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    assert sorted(found) == sorted(NPM)
    return found | {name: [render(text) for text in texts] for name, render in PYTHON.items()}


def rendered_by_bitbucket(texts: Iterable[str]) -> list[str]:
    """The same by the renderer that shows HTML as text."""
    return [str(_reader_of_bitbucket().reset().convert(text)) for text in texts]


class Seen(HTMLParser):
    """What a browser makes of it: the tags, their attributes, the text within code and that without."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.running: list[str] = []
        self.coded: list[str] = []
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self._depth += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        (self.coded if self._depth else self.running).append(data)

    @property
    def text(self) -> str:
        """All that is shown."""
        return " ".join((*self.running, *self.coded))
