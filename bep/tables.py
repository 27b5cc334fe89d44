"""A table for a person: as wide as the terminal, times as ages, what went wrong in colour. Pure; prints nothing."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bep.lazy_dataclasses import dataclass

RED: Final = frozenset({"Failed", "NotResponding", "failed", "gone"})
YELLOW: Final = frozenset({"drifted", "Canceled", "CancelRequested", "progressing"})

_KEYS: Final = frozenset({"name", "address", "label"})
"""Columns that are typed into the next command: the last to be shortened."""
_NARROWEST, _NARROWEST_KEY = 6, 12
_GAP: Final = "  "
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True)
class Screen:
    """What a table is drawn for."""

    width: int
    now: datetime
    colour: bool = False
    fancy: bool = True


def drawn(names: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> str:
    """The table. What does not fit is shortened: texts first, and names only where that is not enough."""
    shown = [[aged(cell, screen.now) for cell in row] for row in rows]
    heads = [name.upper().replace("_", " ") for name in names]
    widths = fitted(names, [max(map(len, column)) for column in zip(heads, *shown, strict=True)], screen.width)
    lines = [_line(heads, widths, names, Screen(screen.width, screen.now, fancy=screen.fancy))]
    return "\n".join([*lines, *(_line(row, widths, names, screen) for row in shown)])


def fitted(names: Sequence[str], widths: Sequence[int], width: int) -> list[int]:
    """Widths of columns that fit together, as far as their least ones do."""
    found = list(widths)
    room = width - len(_GAP) * (len(found) - 1)
    every = range(len(found))
    texts = [at for at in every if names[at] not in _KEYS and found[at] > _NARROWEST_KEY]
    for columns, least in ((texts, _NARROWEST_KEY), (every, _NARROWEST_KEY), (every, _NARROWEST)):
        while sum(found) > room:
            widest = max((at for at in columns if found[at] > least), key=lambda at: found[at], default=None)
            if widest is None:
                break
            found[widest] -= 1
    return found


def aged(cell: str, now: datetime) -> str:
    """A time as its age; another text as it is."""
    if not _TIME.fullmatch(cell):
        return cell
    seconds = (now - datetime.fromisoformat(cell)).total_seconds()
    for size, unit in _UNITS:
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit} ago"
    return "now" if seconds >= 0 else cell


def _line(cells: Sequence[str], widths: Sequence[int], names: Sequence[str], screen: Screen) -> str:
    made = []
    for cell, width, name in zip(cells, widths, names, strict=True):
        text = _cut(cell, width, in_the_middle=name in _KEYS, dots="…" if screen.fancy else "~")
        made.append(_coloured(cell, f"{text:<{width}}") if screen.colour else f"{text:<{width}}")
    return _GAP.join(made).rstrip()[: None if screen.colour else screen.width]


def _cut(text: str, width: int, *, in_the_middle: bool, dots: str) -> str:
    if len(text) <= width:
        return text
    if not in_the_middle:
        return text[: width - 1] + dots
    end = (width - 1) // 2
    return text[: width - 1 - end] + dots + text[len(text) - end :]


def _coloured(cell: str, text: str) -> str:
    code = 31 if cell in RED else 33 if cell in YELLOW else 0
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def screen_of(width: int, *, colour: bool, fancy: bool) -> Screen:
    """A screen now."""
    return Screen(width, datetime.now(UTC), colour, fancy)
