"""Which deployment a job goes to: the one that it names, else the one with the traffic; how much of its compute a job
may take. Knows no world.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from bep.planner.observed import Observed
from bep.providers.protocol import ProviderError, Reader
from bep.schemas.address import Address, address_of, names_of


def routed(
    objects: Reader, endpoint: str, deployment: str | None, below: Callable[[str], Mapping[Address, Observed]]
) -> tuple[Address, Observed]:
    """The deployment and what is observed of it; `below` gives the deployments of an endpoint.

    Raises `ProviderError` (code ResourceNotFound or NoTraffic) with the nearest names.
    """
    known = [names_of(address)[0] for address in objects.list("endpoint")]
    if endpoint not in known:
        raise _unknown("endpoint", address_of("endpoint", endpoint), endpoint, known)
    there = below(endpoint)
    names = [names_of(address)[1] for address in there]
    name = deployment or _with_traffic(objects, endpoint, names)
    address = address_of("deployment", endpoint, name)
    if address not in there:
        raise _unknown("deployment", address, name, names)
    return address, there[address]


def instances_of(
    address: Address, deployment: Mapping[str, Any], compute: Mapping[str, Any]
) -> tuple[tuple[int, str], ...]:
    """The most instances that a job of a deployment may take, each with whose field says so; of attributes both."""
    found = (
        (deployment.get("resources", {}).get("max_instance_count"), f"{address} has resources.max_instance_count"),
        (compute.get("max_instances"), f"{deployment.get('compute')} has max_instances"),
    )
    return tuple((limit, whose) for limit, whose in found if limit is not None)


def _with_traffic(objects: Reader, endpoint: str, names: list[str]) -> str:
    address = address_of("traffic", endpoint)
    there = objects.read([address])
    split = there[address].attributes.get("split", {}) if address in there else {}
    name = next((name for name, share in sorted(split.items()) if share), None)
    if name in names:
        return str(name)
    has = (
        f"its deployments are {', '.join(names)}: name one, or give one the traffic"
        if names
        else "it has no deployment"
    )
    gone = f"its traffic goes to {name}, which is gone; " if name else ""
    message = f"no deployment of {endpoint} has the traffic; {gone}{has}"
    raise ProviderError(address_of("endpoint", endpoint), "run", message, code="NoTraffic")


def _unknown(kind: str, address: Address, name: str, known: list[str]) -> ProviderError:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}" if known else "none was applied yet"
    return ProviderError(address, "run", f"there is no {kind} {name}; {hint}", code="ResourceNotFound")
