"""The page of a plan: whole, harmless, the same words in the same order as the comment, and fit for a phone."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bep.command_words import plan_said
from bep.planner.plan import Action, Change, Plan
from bep.planner.rendering.html import page
from bep.planner.rendering.html.differences import block
from bep.planner.rendering.html.style import STYLE
from bep.planner.rendering.quoting import plain
from bep.planner.rendering.review import review_of
from bep.planner.rendering.sections import Block, FileText, Group, Point, sentence
from bep.schemas.address import Address
from tests.planner.rendering.test_markdown_injection import hostile
from tests.planner.test_golden import SCENES, blue_green, first, one_line_of_a_script, traffic_moved
from tests.services.browser import SCHEMES, WIDTHS, browser

VOID = ("meta", "br", "wbr", "rect", "path", "col")
TAGS = frozenset(
    (
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "h1",
            "h2",
            "h3",
            "h4",
            "p",
            "div",
            "span",
            "strong",
        ),
        *(
            "ul",
            "li",
            "code",
            "pre",
            "mark",
            "br",
            "wbr",
            "table",
            "colgroup",
            "col",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        ),
        *("strong", "td", "details", "summary", "svg", "g", "rect", "path", "text"),
    )
)
ATTRIBUTES = frozenset(
    (
        *("lang", "charset", "name", "content", "http-equiv", "class", "scope", "colspan", "open", "title"),
        *("data-head", "tabindex", "role", "aria-label", "viewbox", "width", "height", "x", "y", "rx", "d"),
    )
)
NARROWEST = """Math.min(1000, ...[...document.querySelectorAll(".sides td:not(.number):not(.none)")]
.map((one) => one.getBoundingClientRect().width).filter(Boolean))"""
"""Pixels that the narrowest line of a file has on the page."""
HOSTILE = (
    "</details></style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<a href=javascript:alert(1)>x</a> &lt;b&gt; \u202e \x1b[2J",
)


class _Page(HTMLParser):
    """Its tags, nested as they should be, the text outside of style, and what attributes say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_a_person_reads(scene: Callable[[], Plan], golden: Callable[[str, str], None]) -> None:
    shown = page.render(plan_said(scene()), "`bep rollback`")
    golden(f"planner/{scene.__name__.replace('_', '-')}.html", shown.replace(STYLE, ""))
    assert _Page(shown).tags <= TAGS


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_words_of_the_review_stand_there_in_its_order(scene: Callable[[], Plan]) -> None:
    review = review_of(plan_said(scene()))
    text, at = _Page(page.render(plan_said(scene()))).text, 0
    for words in _words(review.title, sentence(review.verdict.sentence), review.summary, *_entries(review)):
        found = text.find(words, at)
        assert found >= 0, words
        at = found


def _entries(review: object) -> Iterator[str]:
    for section in review.sections:  # type: ignore[attr-defined]
        yield section.title
        for entry in section.entries:
            if isinstance(entry, Point):
                yield entry.text
            elif isinstance(entry, Group):
                yield from (step.subject for step in entry.steps)


def _words(*texts: str) -> Iterator[str]:
    return (re.sub(r"\s+", " ", plain(text).replace("`", "")).strip() for text in texts)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_name_or_a_value_is_markup(text: str) -> None:
    found = _Page(page.render(hostile(text)))
    assert found.tags <= TAGS
    assert found.attributes <= ATTRIBUTES
    assert re.sub(r"\s+", " ", plain(text)) in found.text


def test_the_page_needs_nothing_else() -> None:
    shown = page.render(blue_green())
    assert not re.search(r"https?://|src=|href=|url\(|@import", shown.replace("mcr.microsoft.com", ""))
    assert "default-src 'none'" in shown


def test_ten_thousand_changes_are_one_page_that_says_what_it_leaves_out() -> None:
    changes = tuple(
        Change(
            id=f"create compute/{number}",
            address=Address(f"compute/{number}"),
            action=Action.CREATE,
            summary=f"number {number}",
            after={f"field{place}": f"{number} {'x' * 200}" for place in range(5)},
        )
        for number in range(10_000)
    )
    shown = page.render(Plan(lineage="l", serial=1, changes=changes))
    assert len(shown) < page.ROOM + 3_000_000
    opened = shown.count("<details class")
    assert 0 < opened < 10_000
    assert f"the details of {10_000 - opened} steps are left out, the least risky first" in shown
    assert f"And {10_000 - page.MOST} more steps: the plan as JSON has them all." in shown


def test_lines_of_a_diff_stand_side_by_side_with_their_numbers() -> None:
    lines = ("@@ -3,3 +3,4 @@", " same", "-batch = 10", "+batch = 20", "+extra", " end")
    shown = "".join(block(Block(files=(FileText("~", "score.py", lines),))))
    cells = re.findall(r'<td class="([\w ]+)">(.*?)</td>', shown)
    assert cells == [
        *(("number same before", "3"), ("same before", "same"), ("number same", "3"), ("same", "same")),
        *(("number gone", "4"), ("gone", "batch = <mark>1</mark>0")),
        *(("number new", "4"), ("new", "batch = <mark>2</mark>0")),
        *(("number none", ""), ("none", ""), ("number new", "5"), ("new", "extra")),
        *(("number same before", "5"), ("same before", "end"), ("number same", "6"), ("same", "end")),
    ]


def test_what_is_done_first_stands_left_and_no_line_says_what_others_say() -> None:
    shown = page.render(first())
    boxes = re.findall(r"<title>(\S+ \S+|shift traffic \S+)</title><rect x=\"(\d+)\"", shown)
    columns = {title.split()[-1]: int(x) for title, x in boxes}
    assert columns["compute/cpu-cluster"] == columns["endpoint/mybatchedp"]
    assert columns["endpoint/mybatchedp"] < columns["deployment/mybatchedp/blue"] < columns["traffic/mybatchedp"]
    assert shown.count('class="line"') == 5  # traffic waits for its endpoint through its deployment


def test_traffic_is_drawn_as_wide_as_its_share() -> None:
    shown = page.render(traffic_moved())
    bars = re.findall(r'<td data-head="(Before|After)">.*?class="share colour\d of(\d+)">(.*?)</span>', shown)
    assert bars == [("Before", "100", "blue"), ("After", "100", "green")]


def test_a_real_browser_finds_nothing_wrong_on_a_desk_and_on_a_phone(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.html" for number in range(4)]
    shown = (first(), blue_green(), one_line_of_a_script(), hostile(HOSTILE[0]))
    for file, plan in zip(files, shown, strict=True):
        file.write_text(page.render(plan).replace("<details class", "<details open class"))
    with browser() as started:
        for width in WIDTHS:
            for scheme in SCHEMES:
                context = started.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
                tab = context.new_page()
                said: list[str] = []
                asked: list[str] = []
                tab.on("console", lambda message, said=said: said.append(message.text))
                tab.on("request", lambda request, asked=asked: asked.append(request.url))
                for file in files:
                    tab.goto(file.as_uri())
                    assert tab.evaluate("document.documentElement.scrollWidth") <= width, file.name
                    assert tab.evaluate(NARROWEST) > 250, file.name
                assert (said, asked) == ([], [file.as_uri() for file in files])
                context.close()
