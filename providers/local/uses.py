"""What an object of this world cannot be without, and what may not be taken from under it. Pure; knows no row."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.planner.observed import Observed
from bep.schemas.address import Address, address_of, kind_of

GIVEN: Final[Mapping[Address, Observed]] = {
    Address("compute/local"): Observed({"name": "local", "type": "local"}, "given"),
    Address("datastore/workspaceblobstore"): Observed({"name": "workspaceblobstore", "type": "local_folder"}, "given"),
}
"""What exists without being declared. Listed, so that references resolve; not read, so that it may be declared."""


def uses(kind: str, attributes: Mapping[str, Any]) -> tuple[Address, ...]:
    """The addresses that must exist before an object with these (canonical) attributes can."""
    match kind:
        case "deployment":
            return tuple(_of_deployment(attributes))
        case "traffic":
            return tuple(_of_traffic(attributes))
        case _:
            return ()


def holds_back(user: Address) -> bool:
    """Whether this user of an object stops its deletion.

    Traffic does not: as in the service, the pointer of an endpoint to its default deployment may dangle,
    so that a deployment with traffic can be replaced when the user insisted.
    """
    return kind_of(user) != "traffic"


def _of_deployment(attributes: Mapping[str, Any]) -> Iterator[Address]:
    yield _named("endpoint", attributes.get("endpoint_name", ""))
    for kind in ("model", "compute", "environment"):
        # what Azure ML keeps stays named as the service names it: it is nowhere here, and a job says so
        if attributes.get(kind) and not str(attributes[kind]).startswith("azureml:"):
            yield _named(kind, attributes[kind])


def _of_traffic(attributes: Mapping[str, Any]) -> Iterator[Address]:
    endpoint = _named("endpoint", attributes.get("endpoint", ""))
    yield endpoint
    for name in attributes.get("split", {}):
        yield address_of("deployment", endpoint.partition("/")[2], name)


def _named(kind: str, text: str) -> Address:
    return Address(text) if text.startswith(f"{kind}/") else address_of(kind, text)
