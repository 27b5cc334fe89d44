"""The body of a PUT: what is asked for, over what is there of members that bep does not manage. Pure; sends none."""

from collections.abc import Iterator, Mapping
from typing import Any

from bep.planner.state import Entry
from bep.providers.azure.content.contents import stored
from bep.providers.azure.place import Place
from bep.providers.azure.translation.normalising import (
    OPERATION,
    SEALED,
    TRAFFIC,
    VARIABLES,
    clear_attributes,
    sealed_names,
)
from bep.providers.azure.translation.published import Fault, faults, writable
from bep.providers.azure.translation.shape import at, body_of, overlaid, put, without
from bep.providers.azure.translation.shapes import shape_of
from bep.schemas.address import kind_of
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import is_sealed

NOWHERE = "unknown"
"""The region of a body that is only judged."""


def body_for(
    resource: Resource,
    place: Place,
    location: str,
    operation: str,
    *,
    there: Mapping[str, Any] | None = None,
    entry: Entry | None = None,
) -> dict[str, Any]:
    """The whole body that makes an object what a resource asks. `there` is the object as it was read, `entry` what
    state has of it. Raises `ValueError` for a secret that nobody gives in clear.
    """
    shape = shape_of(resource.kind)
    now = clear_attributes(resource.address, there, place) if there is not None else {}
    asked = stored(resource.kind, kept(resource.attributes, now, entry))
    if has_sealed(asked):
        raise ValueError(f"{resource.address} has a secret that is not given in clear")
    body = body_of(shape, asked, place, location)
    put(body, shape.tags, {**(asked.get("tags") or {}), **_own_tags(resource, operation)})
    if there is None:
        return body
    left = without(writable(shape.type, there), (*shape.managed, shape.tags))
    if shape.located:
        body["location"] = there.get("location") or body["location"]
    return overlaid(left, _with_traffic_tag(body, there) if resource.kind == "endpoint" else body)


def traffic_body(there: Mapping[str, Any], chosen: str | None, operation: str) -> dict[str, Any]:
    """The body that gives the traffic of an endpoint, as it was read, to a deployment or to none."""
    shape = shape_of("traffic")
    body = writable(shape.type, there)
    put(body, ("properties", "defaults"), {"deploymentName": chosen})
    put(body, shape.tags, {**(body.get("tags") or {}), TRAFFIC: operation})
    return body


def kept(wanted: Mapping[str, Any], now: Mapping[str, Any], entry: Entry | None) -> dict[str, Any]:
    """What is wanted, and of what is there besides what nobody wrote: the service's own was there when bep last wrote
    the object, and bep had not asked for it. What somebody added since, and what a spec has left, goes.
    """
    found = dict(wanted)
    if entry is None:
        return found
    for name, value in now.items():
        found[name] = _kept(found.get(name), value, entry.observed.get(name), entry.attributes.get(name))
    return {name: value for name, value in found.items() if value is not None}


def _kept(wanted: Any, now: Any, returned: Any, applied: Any) -> Any:
    if wanted is None and applied is None and returned is not None:
        return now
    if not all(isinstance(side, Mapping) for side in (wanted, now, returned)):
        return wanted
    before, found = applied if isinstance(applied, Mapping) else {}, dict(wanted)
    for name, value in now.items():
        found[name] = _kept(found.get(name), value, returned.get(name), before.get(name))
    return {name: value for name, value in found.items() if value is not None}


def has_sealed(value: Any) -> bool:
    """Whether a secret stands sealed somewhere in a value, which must not be taken for the secret."""
    if isinstance(value, Mapping):
        return is_sealed(value) or any(map(has_sealed, value.values()))
    return isinstance(value, list | tuple) and any(map(has_sealed, value))


def _own_tags(resource: Resource, operation: str) -> dict[str, str]:
    variables = at(resource.attributes, VARIABLES)
    sealed = sealed_names(variables) if isinstance(variables, Mapping) else ""
    return {OPERATION: operation, **({SEALED: sealed} if sealed else {})}


def _with_traffic_tag(body: dict[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """An endpoint keeps the tag of its traffic, which another change of bep's has written."""
    tag = (there.get("tags") or {}).get(TRAFFIC)
    return overlaid(body, {"tags": {TRAFFIC: tag}}) if tag else body


def faults_of(resource: Resource, place: Place) -> Iterator[Fault]:
    """What the published types refuse of the body that a resource will become. Nothing is asked of anybody."""
    if kind_of(resource.address) != "traffic":
        yield from faults(shape_of(resource.kind).type, body_for(resource, place, NOWHERE, "judged"))
