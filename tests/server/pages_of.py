"""A page as a browser would read it: its texts, its markup, its links. For tests without a browser."""

from html.parser import HTMLParser
from typing import Final

VOID: Final = ("meta", "link", "br", "wbr", "hr", "input", "img", "col", "path", "rect", "circle", "line")
BREAKING: Final = (
    "p",
    "td",
    "th",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "div",
    "dt",
    "dd",
    "a",
    "option",
    "summary",
    "span",
    "pre",
)
"""Between two of them a reader sees a space."""
CONTROL: Final = "\x00\x1b\x7f\u202e\u200b\u2066\ufeff"
"""What no page may show as it is."""


class Page(HTMLParser):
    """What a text of HTML is made of; every tag that is opened must be closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.scripts: list[str] = []
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.attributes |= set(given)
        if tag == "script":
            self.scripts.append(given.get("src") or "")
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag not in VOID:
            self.open.append(tag)
        if tag in BREAKING:
            self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, tag
            assert self.open.pop() == tag, tag
        if tag in BREAKING:
            self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All that is shown, with single spaces."""
        return " ".join("".join(self.texts).split())


def must_be_harmless(text: str) -> Page:
    """A page whose only script is the studio's own, with no handler, no style of its own, no address elsewhere and no
    character that moves or hides writing."""
    page = Page(text)
    assert [script.startswith("/studio/assets/studio.") for script in page.scripts] == [True], page.scripts
    assert {"style", "iframe", "object", "embed", "base"}.isdisjoint(page.tags)
    assert not {name for name in page.attributes if name.startswith("on")} | ({"style"} & page.attributes)
    assert [one for one in page.addresses if not one.startswith(("/", "#")) and one] == []
    assert not set(CONTROL) & set(text)
    return page
