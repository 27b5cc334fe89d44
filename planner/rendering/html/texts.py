"""Texts inside a page: nothing in them is markup, and what turns or hides writing is spelt out. Knows no plan."""

from html import escape

from bep.planner.rendering.quoting import plain, shortened
from bep.planner.rendering.sections import Mark, sentence

LONGEST_NAME, LONGEST_VALUE, LONGEST_SENTENCE = 200, 4_000, 2_000
BREAKABLE = "/._-"
"""Marks between the parts of a name, after which a line may end."""


def text(said: str) -> str:
    """A text as it is, escaped."""
    return escape(plain(said))


def value(said: str) -> str:
    """A value, of bounded length."""
    return text(shortened(said, LONGEST_VALUE))


def name(said: str) -> str:
    """A name as code, of bounded length, that may be broken after the marks between its parts."""
    shown = text(shortened(said, LONGEST_NAME))
    for mark in BREAKABLE:
        shown = shown.replace(mark, f"{mark}<wbr>")
    return f"<code>{shown}</code>"


def running(said: str) -> str:
    """A sentence, in which what stands between backticks is code."""
    parts = shortened(said, LONGEST_SENTENCE).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return text("`".join(parts))
    return "".join(f"<code>{text(part)}</code>" if number % 2 else text(part) for number, part in enumerate(parts))


def whole(said: str) -> str:
    """A sentence with its stop and its capital letter."""
    return running(sentence(said))


def tone(mark: Mark) -> str:
    """The class that a mark is drawn in; nothing for none."""
    return {
        Mark.ERROR: "bad",
        Mark.DENIED: "bad",
        Mark.LOST: "bad",
        Mark.HIGH: "bad",
        Mark.WARNING: "warn",
        Mark.MEDIUM: "warn",
        Mark.LOW: "low",
        Mark.ALLOWED: "low",
        Mark.NONE: "",
    }[mark]


def badge(mark: Mark, word: str = "") -> str:
    """A mark in its colour; nothing for none."""
    return f'<span class="badge {tone(mark)}">{text(word or mark)}</span> ' if mark else ""
