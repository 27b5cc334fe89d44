"""User text made safe to show: in a terminal, in Markdown, in a diff block. Knows no plan and no host.

Code hosts bring far more alive than links: @name, #12, !12, ~label, $12, owner/name#12, a commit's hash, KEY-12,
www.address, :emoji:, and what others configure. So nothing is looked for: a word that is no plain word becomes code,
in which no host brings anything alive, and which shows and copies every character as it is.
"""

import re
from collections.abc import Callable

from bep.lazy_patterns import lazy_pattern
from bep.schemas.escaping import spelt

CONTROL = lazy_pattern(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
SPACE = lazy_pattern(r"(\s+)")
OPENING, CLOSING = "(\"'\u201c\u2018", ".,;:!?)\"'\u201d\u2019\u2026"
CALM = lazy_pattern(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:,\d{3})*(?:\.\d+)?%?|\u2192")
HASH = lazy_pattern(r"[0-9a-fA-F]{7,}")
ADDRESS = lazy_pattern(r"https?://[A-Za-z0-9._~:/?&=%@+-]+")
ARROW = "->"
BEGINNINGS = ("`", "~~~", "/", "<!--", "[//]:")


def plain(text: str) -> str:
    """The text with control characters, and those that turn or hide writing, spelt out as `\\x1b` or `\\u202e`."""
    return text if text.isprintable() else CONTROL.sub(spelt, text)  # no such character can be printed


def markdown(text: str) -> str:
    """The text as running Markdown that shows it and does nothing else, on one line: a word that might is code.

    What stands between single backticks stays code.
    """
    parts = plain(text).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return _words(plain(text), code)
    return "".join(code(part) if number % 2 else _words(part, code) for number, part in enumerate(parts))


def _words(text: str, as_code: Callable[[str], str]) -> str:
    first = text.lstrip()
    return "".join(
        part if not part or part.isspace() else _word(part, as_code, begins=first.startswith(part))
        for part in SPACE.split(text)
    )


def _word(text: str, as_code: Callable[[str], str], begins: bool) -> str:
    opened = text.lstrip(OPENING)
    word = opened.rstrip(CLOSING)
    word = opened[: len(word) + max(0, word.count("(") - word.count(")"))]  # with what closes a bracket within it
    before, after = text[: len(text) - len(opened)], opened[len(word) :]
    if word == ARROW:
        return f"{before}-&gt;{after}"
    begins_a_list = begins and word.isdigit() and after.startswith((".", ")"))
    if not word or (CALM.fullmatch(word) and not HASH.fullmatch(word) and not begins_a_list):
        return text
    return f"{before}{as_code(word)}{after}"


def link(text: str, url: str) -> str:
    """A link, and the text alone where the address has anything that could end it. Not for addresses out of specs."""
    return f"[{markdown(text)}]({url})" if ADDRESS.fullmatch(url) else markdown(text)


def code(text: str) -> str:
    """The text as inline code: fenced by more backticks than it has in a row. Not for table cells."""
    shown = plain(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{space}{shown}{space}{fence}"


def cell(text: str) -> str:
    """The text as running Markdown for a cell of a table: what would end the cell is spelt out."""
    return markdown(text.replace("|", "\\x7c"))


def html(text: str) -> str:
    """The text inside an HTML tag that hosts let through, as `markdown` is between tags: a word that might is code."""
    return _words(plain(text), html_code)


def html_code(text: str) -> str:
    """The text as code inside an HTML tag."""
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "&#96;")
    return f"<code>{shown}</code>"


def shortened(text: str, most: int) -> str:
    """At most so many characters, saying how many there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def fenced(lines: list[str]) -> list[str]:
    """The lines as a diff block whose fence none of them can close.

    A line that would be something at its beginning is moved by a space: a fence; a `/`, for GitLab looks for commands
    such as `/close` in what it takes for the end of a block; what finds a comment again.
    """
    shown = [f" {line}" if line.startswith(BEGINNINGS) else line for line in map(plain, lines)]
    longest = max((len(run) for line in shown for run in re.findall(r"`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    return [f"{fence}diff", *shown, fence]
