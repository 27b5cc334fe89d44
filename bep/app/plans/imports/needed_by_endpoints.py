"""Endpoints that exist, and all that they need: read from the world, not from specs. Changes nothing."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from bep.app.plans.imports.declaring import Found
from bep.app.workspace.specs import specs_of
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.drafts.references import BUILT_IN, CURATED, datastore_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed

_HEADS: Final = ("endpoint", "deployment", "traffic")
"""Kinds that nothing refers to."""


def needed_by_endpoints(opened: "Reading") -> list[Found]:
    """Endpoints with what they have, and what these refer to, and so on; of versions, those that are referred to. And
    what is declared already.
    """
    declared = {resource.address for resource in specs_of(opened).resources}
    found: dict[Address, Observed] = {}
    for kind in _HEADS:
        found.update(opened.provider.list(kind))
    found.update(opened.provider.read(sorted(declared - found.keys())))
    new = dict(found)
    while new:
        wanted = {address for one in new.items() for address in _references(*one)} - found.keys()
        new = dict(opened.provider.read(sorted(wanted)))
        found.update(new)
    known = {address for address, entry in opened.state.entries.items() if not entry.is_made_beside}
    taken = (address for address in found if address not in known)
    return [Found(address, found[address], address in declared) for address in taken]


def _references(address: Address, observed: "Observed") -> Iterator[Address]:
    from bep.providers.applying.entries import references_in

    yield from references_in(address, observed.attributes)
    yield from (address_of("datastore", store) for text in _texts(observed.attributes) if (store := datastore_of(text)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(below)


def is_given(address: Address) -> bool:
    """Whether every workspace has it, so that it is nobody's to declare."""
    return address in BUILT_IN or (kind_of(address) == "environment" and names_of(address)[0].startswith(CURATED))
