"""What an object of this world cannot be without, and what may not be taken from under it. Pure; knows no row."""

from collections.abc import Iterable, Iterator, Mapping
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
        case "component":
            return tuple(_of_component(attributes))
        case "traffic":
            return tuple(_of_traffic(attributes))
        case "schedule":
            return tuple(_of_schedule(attributes))
        case _:
            return ()


def holds_back(user: Address) -> bool:
    """Whether this user of an object stops its deletion.

    Traffic does not: as in the service, the pointer of an endpoint to its default deployment may dangle,
    so that a deployment with traffic can be replaced when the user insisted. Nor does a schedule, whose jobs look for
    their deployment when they are started.
    """
    return kind_of(user) not in ("traffic", "schedule")


def _of_deployment(attributes: Mapping[str, Any]) -> Iterator[Address]:
    yield _named("endpoint", attributes.get("endpoint_name", ""))
    settings = attributes.get("settings", {})
    named = [(kind, attributes.get(kind)) for kind in ("model", "compute", "environment", "component")]
    named += [(kind, settings.get(f"default_{kind}")) for kind in ("compute", "datastore")]
    yield from _here(named)


def _of_component(attributes: Mapping[str, Any]) -> Iterator[Address]:
    jobs = attributes.get("jobs", {}).values()
    named = [("component", job.get("component")) for job in jobs if isinstance(job, Mapping)]
    yield from _here([("environment", attributes.get("environment")), *named])


def _here(named: Iterable[tuple[str, Any]]) -> Iterator[Address]:
    """Those that are here: what Azure ML keeps stays named as the service names it, and a job says that it is not."""
    for kind, text in named:
        if isinstance(text, str) and text and not text.startswith("azureml:"):
            yield _named(kind, text)


def _of_traffic(attributes: Mapping[str, Any]) -> Iterator[Address]:
    endpoint = _named("endpoint", attributes.get("endpoint", ""))
    yield endpoint
    for name in attributes.get("split", {}):
        yield address_of("deployment", endpoint.partition("/")[2], name)


def _of_schedule(attributes: Mapping[str, Any]) -> Iterator[Address]:
    job = attributes.get("create_job", {})
    endpoint = _named("endpoint", job.get("endpoint", ""))
    yield endpoint
    if job.get("deployment"):
        yield address_of("deployment", endpoint.partition("/")[2], job["deployment"])


def _named(kind: str, text: str) -> Address:
    return Address(text) if text.startswith(f"{kind}/") else address_of(kind, text)
