"""From declared resources to a template. Pure; knows no language of templates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bep.lazy_dataclasses import replace
from bep.planner.traffic import split_of
from bep.planner.wanted import references_of
from bep.providers.azure.content.contents import CODE, code_name, fields_of, store_of, uri_of
from bep.providers.azure.exporting.pieces import LOCATION, PLACE, marked, type_of
from bep.providers.azure.exporting.template import (
    DEPLOYMENTS,
    DEPLOYMENTS_VERSION,
    REGION,
    SCHEMA,
    VERSION,
    WORKSPACE_NAME,
    Hidden,
    Item,
    Template,
    Upload,
)
from bep.providers.azure.translation.bodies import body_for, traffic_body
from bep.providers.azure.translation.normalising import OPERATION, TRAFFIC
from bep.providers.azure.translation.shape import at
from bep.providers.azure.translation.shapes import shape_of, stores
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.resource import FieldPath, Resource
from bep.schemas.secrets.secret import Secret

_ORDER: Final = (
    "compute",
    "datastore",
    "data",
    "environment",
    "model",
    "component",
    "endpoint",
    "deployment",
    "traffic",
)
"""In which order kinds come where none needs the other."""


def template_of(resources: Sequence[Resource], workspace: str, api_version: str) -> Template:
    """The template that asks for these resources, all of kinds that Azure has."""
    declared = {one.address: one for one in resources}
    needs = _needs(declared)
    order = list(_ordered(needs))
    naming = _Naming()
    symbols = {address: naming.free(address) for address in order}
    secrets: list[Hidden] = []
    bodies = {
        address: _body(_with_parameters(declared[address], naming, secrets))
        for address in order
        if kind_of(address) != "traffic"
    }
    items = tuple(_item(declared[address], symbols[address], api_version, bodies, needs[address]) for address in order)
    uploads = tuple(upload for address in order for upload in _uploads(declared[address]))
    return Template(workspace, tuple(secrets), items, uploads)


class _Naming:
    """Names for what a template declares, none of which is another in any case."""

    def __init__(self) -> None:
        self._taken = {WORKSPACE_NAME.casefold(), REGION}

    def free(self, text: str) -> str:
        """A name made of letters, digits and underscores that nothing has yet."""
        plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)
        name, number = plain, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name.casefold())
        return name


def _needs(declared: Mapping[Address, Resource]) -> dict[Address, tuple[Address, ...]]:
    """What each needs of the others. Of the deployments of an endpoint one waits for the other, since the service
    refuses a change of an endpoint while there is another and a template does not ask again; its traffic for all.
    """
    found: dict[Address, tuple[Address, ...]] = {}
    before: dict[str, tuple[Address, ...]] = {}
    for address in sorted(declared, key=_place):
        one = {*references_of(declared[address])} & declared.keys()
        if kind_of(address) in ("deployment", "traffic"):
            endpoint = names_of(address)[0]
            one |= {address_of("endpoint", endpoint)} & declared.keys()
            one |= {*before.get(endpoint, ())[-1:]}
            before[endpoint] = (*before.get(endpoint, ()), address)
        found[address] = tuple(sorted(one - {address}, key=_place))
    return found


def _place(address: Address) -> tuple[int, str]:
    return _ORDER.index(kind_of(address)), address


def _ordered(needs: Mapping[Address, tuple[Address, ...]]) -> Iterator[Address]:
    """Each once, after what it needs. Specs whose resources need each other in a circle have been refused.

    No recursion: chains may be long.
    """
    done: set[Address] = set()
    for start in needs:
        left = [(start, False)]
        while left:
            address, is_ready = left.pop()
            if is_ready:
                yield address
            elif address not in done:
                done.add(address)
                left.append((address, True))
                left.extend((needed, False) for needed in reversed(needs[address]))


def _with_parameters(resource: Resource, naming: _Naming, secrets: list[Hidden]) -> Resource:
    """The same, with the mark of a parameter for each secret: what a body then gets instead of it."""

    def hidden(value: Any, path: FieldPath) -> Any:
        if isinstance(value, Secret):
            secrets.append(Hidden(naming.free(f"{resource.address}_{path[-1]}"), resource.address, path))
            return Secret(marked(secrets[-1].name))
        if isinstance(value, Mapping):
            return {name: hidden(below, (*path, name)) for name, below in value.items()}
        if isinstance(value, list | tuple):
            return [hidden(below, (*path, number)) for number, below in enumerate(value)]
        return value

    return replace(resource, attributes=hidden(resource.attributes, ()))


def _body(resource: Resource) -> dict[str, Any]:
    """The body that an apply would send, without the tag that names the apply."""
    return _without_tags(body_for(resource, PLACE, LOCATION, ""), shape_of(resource.kind).tags)


def _without_tags(body: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A body without what an apply leaves on an object to know it again."""
    holder = at(body, path[:-1])
    left = {name: value for name, value in holder.pop(path[-1]).items() if name not in (OPERATION, TRAFFIC)}
    if left:
        holder[path[-1]] = left
    return body


def _item(
    resource: Resource,
    symbol: str,
    api_version: str,
    bodies: Mapping[Address, Mapping[str, Any]],
    needs: tuple[Address, ...],
) -> Item:
    address = resource.address
    if resource.kind == "traffic":
        names, body = _second_write(resource, api_version, bodies)
        return Item(address, symbol, DEPLOYMENTS, DEPLOYMENTS_VERSION, names, needs, body)
    kind = type_of(shape_of(resource.kind).type)
    return Item(address, symbol, kind, api_version, names_of(address), needs, bodies[address])


def _second_write(
    resource: Resource, api_version: str, bodies: Mapping[Address, Mapping[str, Any]]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Names and body of the second write of an endpoint: a default deployment must be there before it is named, and a
    template writes each of its resources once. So it is a deployment in the deployment, of that endpoint alone.
    """
    name = names_of(resource.address)[0]
    chosen = next((each for each, share in split_of(resource.attributes).items() if share), None)
    shape = shape_of("traffic")
    body = _without_tags(traffic_body(bodies[address_of("endpoint", name)], chosen, ""), shape.tags)
    endpoint = {"type": type_of(shape.type), "apiVersion": api_version, "name": f"{PLACE.workspace}/{name}", **body}
    inner = {"$schema": SCHEMA, "contentVersion": VERSION, "resources": [endpoint]}
    nested = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "outer"}, "template": inner}
    return (f"bep-traffic-{name}",), {"properties": nested}


def _uploads(resource: Resource) -> Iterable[Upload]:
    """The bytes that a resource is made of, each where an apply puts it."""
    for path in fields_of(resource.kind):
        content = at(resource.attributes, path)
        if isinstance(content, Mapping) and stores(resource.kind, path):
            is_code = path[-1] == CODE
            place = (
                f"codes/{code_name(content)}/versions/1" if is_code else uri_of(content, store_of(resource.attributes))
            )
            yield Upload(resource.address, path, place)
