"""Which entries of a review say the same but for names: thirty alike are shown as one. Knows no format."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from bep.lazy_patterns import lazy_pattern
from bep.planner.canonical import canonical
from bep.planner.rendering.layout import Item
from bep.planner.rendering.sections import Point, Traffic
from bep.planner.summarising import masked
from bep.schemas.address import Address, kind_of, names_of

ROUTED = ("endpoint", "deployment", "traffic")
"""Kinds whose first name is that of an endpoint."""
_WORD = lazy_pattern(r"[\w-]+(?:\.[\w-]+)*")
_DIGEST = lazy_pattern(r"\b[0-9a-f]{12,64}\b")

FEWEST = 3
"""So many have to be alike to be told as one."""

T = TypeVar("T")


def first_name(address: Address, place: int = 0) -> str:
    """The first name of an address, or another; nothing where it is no address, as in a plan that somebody wrote."""
    return (names_of(address) or ("",))[place]


def names_told_apart(addresses: Iterable[Address]) -> Mapping[str, str]:
    """The names by which these differ from others that are alike, each with what stands for it.

    A deployment's own name is none: blue is never like green. Neither is a number, which may as well be a value.
    """
    found: dict[str, str] = {}
    for address in addresses:
        names = names_of(address)
        for name in names[:1] if kind_of(address) in ROUTED else names:
            if not name.isdigit():
                found.setdefault(name, f"\0{len(found)}")
    return found


def shape(text: str, names: Mapping[str, str]) -> str:
    """The text without these names and without digests."""
    bare = _DIGEST.sub("\0", text)
    if not any(name in bare for name in names):  # texts can be long, and there can be thousands of them
        return bare
    return _WORD.sub(lambda word: names.get(word[0], word[0]), bare)


def content(item: Item) -> str:
    """All that a reader could be told of the item but its address, as one text to compare."""
    said: list[object] = []
    for change in item.changes:
        said += [change.summary, change.reason, change.origin]
        if change.diffs:
            said += [(diff.path, diff.before, diff.after, diff.files) for diff in change.diffs]
        else:
            said += [change.after, change.before]
        said += [(file.symbol, file.name, file.diff, file.why_not) for file in change.files]
    return f"{item.symbol} {kind_of(item.address)} {canonical(masked(said))}"


def together(entries: Iterable[T], keys: Iterable[Hashable]) -> list[list[T]]:
    """Entries with the same key together, in the order of the first of each; a few are left apart."""
    found: dict[Hashable, list[tuple[int, T]]] = {}
    for place, (entry, key) in enumerate(zip(entries, keys, strict=True)):
        found.setdefault(key, []).append((place, entry))
    told = [part for many in found.values() for part in ([many] if len(many) >= FEWEST else [[one] for one in many])]
    return [[entry for _, entry in many] for many in sorted(told, key=lambda many: many[0][0])]


def points_alike(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points, those that say the same of different subjects as one."""
    if len(points) < 2:
        return tuple(points)
    found = together(points, map(_point_key, points))
    return tuple(
        many[0]._replace(also=tuple(one.subject for one in many[1:])) if len(many) > 1 else many[0] for many in found
    )


def _point_key(point: Point) -> Hashable:
    if not point.subject:
        return point
    names = names_told_apart([Address(point.subject)])
    said = (point.subject, point.text, point.fix, *point.under)
    return (point.mark, point.place, *(shape(one, names) for one in said))


def rows_alike(rows: Sequence[Traffic]) -> tuple[Traffic, ...]:
    """The rows of traffic, the same ones of different endpoints as one."""
    found = together(rows, ((tuple(row.before.items()), tuple(row.after.items()), row.note) for row in rows))
    return tuple(many[0]._replace(also=tuple(one.endpoint for one in many[1:])) for many in found)
