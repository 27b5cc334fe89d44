"""User text made safe to show: in a terminal, in Markdown, in a diff block. Knows no plan."""

import re

from bep.lazy_patterns import lazy_pattern
from bep.schemas.escaping import spelt

CONTROL = lazy_pattern(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
MARKDOWN = lazy_pattern(r"([\\`*\[\]<>#|~]|(?<!\w)_|_(?!\w))")
MENTION = lazy_pattern(r"@(?=\w)")
INVISIBLE = "\u200b"


def plain(text: str) -> str:
    """The text with control characters, and those that turn or hide writing, spelt out as `\\x1b` or `\\u202e`."""
    return text if text.isprintable() else CONTROL.sub(spelt, text)  # no such character can be printed


def markdown(text: str) -> str:
    """The text as running Markdown that shows it and does nothing else: no link, tag, table cell or mention.

    What stands between single backticks stays code.
    """
    parts = plain(text).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return _escaped(text)
    return "".join(code(part) if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    escaped = MARKDOWN.sub(r"\\\1", plain(text)).replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")
    return MENTION.sub("@" + INVISIBLE, escaped)


def code(text: str) -> str:
    """The text as inline code: fenced by more backticks than it has in a row. Not for table cells."""
    shown = plain(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{space}{shown}{space}{fence}"


def html(text: str) -> str:
    """The text inside an HTML tag that GitHub lets through."""
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")
    return MENTION.sub("@" + INVISIBLE, shown)


def shortened(text: str, most: int) -> str:
    """At most so many characters, saying how many there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def fenced(lines: list[str]) -> list[str]:
    """The lines as a diff block whose fence none of them can close."""
    shown = [plain(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall(r"`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}diff", *shown, fence]
