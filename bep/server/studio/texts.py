"""Values as people read them on a page: moments, lengths of time, names that may be broken. Pure; knows no page."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from bep.planner.rendering.quoting import plain
from bep.server.site import STUDIO

BREAKABLE: Final = "/._-:"
"""Marks between the parts of a name, after which a line may end."""
_KEPT = str.maketrans({"\n": None, "\t": None})


def visible(value: Any) -> Any:
    """What a template is about to show: in a text, whatever turns, hides or moves writing is spelt out. Line breaks and
    tabs stay, which do nothing to a page; markup is what a macro of the studio made."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    if value.translate(_KEPT).isprintable():
        return value
    return "\n".join("\t".join(map(plain, line.split("\t"))) for line in value.split("\n"))


def name(said: object) -> Markup:
    """A name as code that may be broken after the marks between its parts."""
    shown = str(escape(plain(str(said))))
    for mark in BREAKABLE:
        shown = shown.replace(mark, f"{mark}<wbr>")
    return Markup(f"<code>{shown}</code>")  # every character of it was escaped above


def running(said: object) -> Markup:
    """A sentence, in which what stands between backticks is code."""
    parts = str(visible(str(said))).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def sentence(said: str) -> str:
    """The same, its first letter a capital and the rest as it is."""
    return said[:1].upper() + said[1:]


def in_query(said: object) -> str:
    """A text as the value of a parameter of a page's address; names of files may be no text at all."""
    return quote(str(said).encode(errors="surrogateescape"), safe="")


def address_of(*parts: object) -> str:
    """The path of a page: `address_of("endpoints", NAME)`; of the overview without parts."""
    if not parts:
        return "/"
    return "/".join((STUDIO, *(quote(str(part), safe="") for part in parts)))


def counted(number: float | None) -> str:
    """`1,200`; nothing for what nobody knows."""
    if number is None:
        return ""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.3g}"


def duration(seconds: float | None) -> str:
    """`12 ms`, `3.4 s`, `2 min 5 s`, `1 h 30 min`, `3 d 4 h`; nothing for what nobody knows."""
    if seconds is None:
        return ""
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"


def size(count: int | None) -> str:
    """`512 B`, `1.4 KB`, `2.1 GB`: bytes, in thousands."""
    if count is None:
        return ""
    amount, units = float(count), ("B", "KB", "MB", "GB", "TB")
    for unit in units:
        if amount < 999.5 or unit == units[-1]:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.3g} {unit}"
        amount /= 1000
    raise AssertionError


def file(path: object) -> Markup:
    """The name of a file as code, its whole path for whoever points at it."""
    whole = plain(str(path))
    shown = whole.rstrip("/").rpartition("/")[2] or whole
    return Markup('<code title="{}">{}</code>').format(whole, shown)


def short(said: str, most: int = 120) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(said.split())
    return line if len(line) <= most else f"{line[: most - 1]}\u2026"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago a moment was, in words short enough for a table: `just now`, `5 min ago`, `3 h ago`, `2 d ago`; of
    one to come, `in 5 min`."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 45:
        return "just now"
    amount = abs(seconds)
    for limit, factor, unit in ((3570.0, 60, "min"), (48 * 3600.0, 3600, "h"), (float("inf"), 86400, "d")):
        if amount < limit:
            words = f"{max(1, round(amount / factor)):,} {unit}"
            return f"{words} ago" if seconds >= 0 else f"in {words}"
    raise AssertionError


def read_moment(said: "str | datetime | None") -> datetime | None:
    """A moment as bep keeps it, ISO 8601 in UTC; None for what is none."""
    if said is None or isinstance(said, datetime):
        return said
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def when(said: "str | datetime | None", now: datetime) -> Markup:
    """A moment as people read it, the exact one for whoever points at it and for machines. Nothing for none."""
    moment = read_moment(said)
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{exact:%Y-%m-%dT%H:%M:%SZ}", f"{exact:%Y-%m-%d %H:%M:%S} UTC", ago(exact, now)
    )
