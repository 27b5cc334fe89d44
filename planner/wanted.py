"""Wanted: one declared resource, sealed and ready to be compared. Knows no state."""

from collections.abc import Mapping
from typing import Any, Final

from bep.lazy_dataclasses import dataclass
from bep.planner.state import ContentRecord, Guards
from bep.schemas.address import Address
from bep.schemas.content import RULE
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Lifecycle, Resource
from bep.schemas.secrets.secret import seal

_NOTHING_SAID: Final = Lifecycle()
_NO_GUARDS: Final = Guards()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A `Resource` without its secrets and without this machine's paths."""

    address: Address
    attributes: dict[str, Any]
    references: tuple[Address, ...]
    guards: Guards
    contents: dict[str, ContentRecord]
    mark: Mark


def wanted(resource: Resource, secret_key: str) -> Wanted:
    """Seal a resource with the state's key."""
    return Wanted(
        address=resource.address,
        attributes=seal(resource.attributes, secret_key),
        references=references_of(resource),
        guards=guards_of(resource),
        contents=records(resource.contents),
        mark=resource.mark,
    )


def references_of(resource: Resource) -> tuple[Address, ...]:
    """What a resource names, each once, sorted."""
    return tuple(sorted({reference.address for reference in resource.references}))


def guards_of(resource: Resource) -> Guards:
    """The part of a resource's lifecycle that state remembers."""
    asked = resource.lifecycle
    if asked == _NOTHING_SAID:
        return _NO_GUARDS
    return Guards(
        prevent_destroy=asked.prevent_destroy,
        create_before_destroy=asked.create_before_destroy,
        ignore_changes=asked.ignore_changes,
        retry=asked.retry,
        timeouts=asked.timeouts,
        not_secret=asked.not_secret,
    )


def records(contents: Mapping[str, Content]) -> dict[str, ContentRecord]:
    """Contents without the places they were read from."""
    return {
        path: ContentRecord(sha256=found.sha256, files=dict(found.files), rule=RULE) for path, found in contents.items()
    }


def file_changes(before: ContentRecord | None, after: ContentRecord | None, most: int = 10) -> tuple[str, ...]:
    """Which files differ: `+ new`, `~ changed`, `- removed`, by name, at most so many and then how many more."""
    old, new = (record.files if record else {} for record in (before, after))
    if not old or not new:
        return ()
    found = [
        f"{'+' if name not in old else '-' if name not in new else '~'} {name}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    return (*found[:most], f"and {len(found) - most} more") if len(found) > most else tuple(found)
