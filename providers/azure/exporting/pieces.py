"""Texts of which a part is known only where a template is deployed: written with marks, read as pieces. Pure.

A body is made with marks in it where ids and secrets will stand, so that the very code that makes the body of a request
makes that of a template. The marks are of Unicode's private use.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.place import PROVIDER, Place
from bep.schemas.address import Address

_FIRST, _LAST = "\ue000", "\ue001"
_MARK = lazy_pattern(f"{_FIRST}([^{_FIRST}{_LAST}]+){_LAST}")


class Known(StrEnum):
    """What is known where a template is deployed."""

    SUBSCRIPTION = "subscription"
    GROUP = "group"
    WORKSPACE = "workspace"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of a parameter, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Id:
    """The id of something in the workspace: its whole type, its names below the workspace, and its address, if any."""

    type: str
    names: tuple[str, ...]
    address: Address | None


Piece = str | Known | Parameter | Id


def marked(what: Known | str) -> str:
    """The mark of what is known there, or of a parameter's value."""
    return f"{_FIRST}{what.value if isinstance(what, Known) else 'parameter ' + what}{_LAST}"


PLACE: Final = Place(marked(Known.SUBSCRIPTION), marked(Known.GROUP), marked(Known.WORKSPACE))
"""The workspace that a template will be deployed to."""
LOCATION: Final = marked(Known.LOCATION)
"""Its region."""


def pieces(text: str) -> tuple[Piece, ...]:
    """What a text consists of. An id of the workspace goes to the end of the text that it is in."""
    before, root, inside = text.partition(f"{PLACE.root}/")
    parts = list(_parts(before))
    return (*parts, _id(inside)) if root else tuple(parts)


def is_plain(piece: Piece) -> bool:
    """Whether a piece is text that is known already."""
    return isinstance(piece, str) and not isinstance(piece, Known)


def _parts(text: str) -> Iterator[Piece]:
    for number, part in enumerate(_MARK.split(text)):
        if number % 2:
            yield Parameter(part.removeprefix("parameter ")) if " " in part else Known(part)
        elif part:
            yield part


def _id(inside: str) -> Id:
    steps = inside.split("/")
    return Id(
        type_of("workspaces/" + "/".join(steps[::2])), tuple(steps[1::2]), PLACE.address_of(f"{PLACE.root}/{inside}")
    )


def type_of(below: str) -> str:
    """The whole name of a type of the service's."""
    return f"{PROVIDER}/{below}"
