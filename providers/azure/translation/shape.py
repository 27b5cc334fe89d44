"""A kind as the service has it: which member of a body is which field, and both directions of that. Pure.

The table of a kind is the only thing that says so: what is sent, what is read, and which members bep manages.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from bep.lazy_dataclasses import dataclass, field
from bep.providers.azure.place import Place
from bep.providers.azure.translation.forms import PLAIN, Form
from bep.schemas.address import Address, names_of
from bep.schemas.kinds.kind import load_kind

Path = tuple[str, ...]
NOTHING: Mapping[Path, Any] = {}


@dataclass(frozen=True, slots=True)
class Member:
    """One field of bep's, one member of a body, and how a value is written in each."""

    field: Path
    member: Path
    form: Form = PLAIN


class Part(Protocol):
    """Fields and members that do not stand in pairs: credentials, identities, a model by its id or its path."""

    @property
    def members(self) -> tuple[Path, ...]:
        """The members that it manages, each with all below it."""
        ...

    def there(self, attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """That part of a body, from its root."""
        ...

    def here(self, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """That part of the attributes."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind. `type` is the service's name for it, below its provider's.

    `constants` are members that are always the same. `tags` is the member with the tags. `located`: a body says in
    which region it is. `unsent` are fields that the service has no place for, with what that means for a user.
    `takes_time`: a write is an operation to be waited for.
    """

    kind: str
    type: str
    members: tuple[Member, ...]
    tags: Path = ("properties", "tags")
    constants: Mapping[Path, Any] = field(default_factory=lambda: NOTHING)
    parts: tuple[Part, ...] = ()
    located: bool = False
    unsent: Mapping[Path, str] = field(default_factory=lambda: NOTHING)
    takes_time: bool = False

    @property
    def managed(self) -> Iterator[Path]:
        """Every member that bep decides about, each with all below it; others stay as they are there."""
        yield from (member.member for member in self.members)
        yield from self.constants
        for part in self.parts:
            yield from part.members


def body_of(shape: Shape, attributes: Mapping[str, Any], place: Place, location: str) -> dict[str, Any]:
    """The body that asks for these attributes, secrets readable, contents already named by where they are stored."""
    body: dict[str, Any] = {}
    if shape.located:
        body["location"] = attributes.get("location") or location
    for path, value in shape.constants.items():
        put(body, path, value)
    for member in shape.members:
        value = at(attributes, member.field)
        if value is not None:
            put(body, member.member, member.form.there(value, place))
    for part in shape.parts:
        body = overlaid(body, part.there(attributes, place))
    return body


def attributes_of(shape: Shape, address: Address, body: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """What bep's attributes are of an object as the service has it. What nothing was said of is left out."""
    names = dict(zip(load_kind(shape.kind).identity, names_of(address), strict=True))
    found: dict[str, Any] = dict(names)
    for member in shape.members:
        value = at(body, member.member)
        here = None if value is None else member.form.here(value, place)
        if here is not None:
            put(found, member.field, here)
    for part in shape.parts:
        found = overlaid(found, part.here(body, place))
    return found


def at(value: Any, path: Iterable[str]) -> Any:
    """What stands at a path, its names in any case; None where nothing does."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        if name not in value:
            name = next((there for there in value if there.casefold() == name.casefold()), name)
        value = value.get(name)
    return value


def put(root: dict[str, Any], path: Path, value: Any) -> None:
    """Set what stands at a path, making the mappings on the way."""
    for name in path[:-1]:
        root = root.setdefault(name, {})
    root[path[-1]] = value


def without(value: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """A copy in which nothing stands at or below these paths."""
    heads = {path[0] for path in paths if len(path) == 1}
    found: dict[str, Any] = {}
    for name, below in value.items():
        if name not in heads:
            inner = [path[1:] for path in paths if len(path) > 1 and path[0] == name]
            found[name] = without(below, inner) if inner and isinstance(below, Mapping) else below
    return found


def overlaid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, mapping by mapping; where both have a value, that of `over`."""
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            found[name] = overlaid(below, value)
        else:
            found[name] = value
    return found
