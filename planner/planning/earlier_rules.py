"""What was registered by an earlier rule of content, found again by today's. Knows no change and no order.

An asset without a version takes one from its content, so a rule that counts something else would give it another: the
object that is registered already keeps the version it has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from bep.lazy_dataclasses import replace
from bep.planner.fields import with_value
from bep.planner.observed import Observed
from bep.planner.state import ContentRecord
from bep.planner.wanted import records
from bep.schemas.address import Address, names_of
from bep.schemas.content import DIGITS, FIRST_RULE, described, same_files, version_of
from bep.schemas.kinds.kind import is_registered
from bep.schemas.resource import Reference, Resource

World = Callable[[str], Mapping[Address, Observed]]
"""Every object of a kind that exists, by address."""


def same_content(recorded: ContentRecord | None, wanted: ContentRecord | None) -> bool:
    """Whether a recorded content is the wanted one, each by the rule it was made by."""
    if recorded is None or wanted is None:
        return recorded is wanted
    return recorded.sha256 == wanted.sha256 or (
        recorded.rule != wanted.rule and same_files(recorded.files, recorded.rule, wanted.files)
    )


def as_registered(resources: Sequence[Resource], world: World) -> tuple[Resource, ...]:
    """The resources, those that an earlier rule registered under the version which that rule gave them."""
    there = {kind: world(kind) for kind in sorted({each.kind for each in resources if _automatic(each)})}
    declared = {each.address for each in resources}
    known = {address: seen for objects in there.values() for address, seen in objects.items()}
    earlier = {
        each.address: address
        for each in resources
        if _automatic(each) and each.address not in known
        for address in list(_earlier(each, there[each.kind]))[-1:]
        if address not in declared
    }
    return tuple(_called(each, earlier) for each in resources) if earlier else tuple(resources)


def _automatic(resource: Resource) -> bool:
    """Whether a resource's version is the one that today's rule gives to what has none."""
    version = resource.attributes.get("version")
    if not is_registered(resource.kind) or not isinstance(version, str) or len(version) != DIGITS:
        return False
    content = resource.contents.get("path")
    return version == (content.sha256[:DIGITS] if content else version_of(resource.attributes))


def _earlier(resource: Resource, there: Mapping[Address, Observed]) -> Iterator[Address]:
    """The objects of this name whose version an earlier rule took from the same content, the youngest last."""
    (name, _) = names_of(resource.address)
    content = records(resource.contents).get("path")
    for address, seen in there.items():
        found, *version = names_of(address)
        record = seen.contents.get("path")
        if found != name or not version:
            continue
        if content is not None:
            if record is not None and record.sha256[:DIGITS] == version[0] and same_content(record, content):
                yield address
        elif version[0] == version_of(seen.attributes, FIRST_RULE) and _as_described(resource, seen):
            yield address


def _as_described(resource: Resource, seen: Observed) -> bool:
    return described(resource.attributes) == described(seen.attributes)


def _called(resource: Resource, earlier: Mapping[Address, Address]) -> Resource:
    """The resource, and what it refers to, under the addresses by which they are registered."""
    attributes, references = dict(resource.attributes), []
    for each in resource.references:
        address = earlier.get(each.address, each.address)
        if address != each.address:
            attributes = with_value(attributes, each.path, address)
        references.append(Reference(each.path, address))
    address = earlier.get(resource.address, resource.address)
    if address != resource.address:
        attributes["version"] = names_of(address)[1]
    return replace(resource, address=address, attributes=attributes, references=tuple(references))
