"""Endpoints as people look at them: which deployment has the traffic, and what tells the deployments apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import NotFound
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, address_of, kind_of, names_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.state import Entry

SHOWN: Final = ("endpoint", "deployment", "traffic")
SAID_ELSEWHERE: Final = ("name", "endpoint_name")
"""Fields of a deployment that its column says at its head."""


@dataclass(frozen=True)
class Deployment:
    """One deployment: its share of the traffic in percent, and its fields as texts by their dotted names."""

    name: str
    address: Address
    share: int
    applied_at: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint with its deployments, the one with most traffic first; `fields` are the endpoint's own."""

    name: str
    address: Address
    applied_at: str
    fields: Mapping[str, str]
    deployments: Sequence[Deployment]

    @property
    def active(self) -> Deployment | None:
        """The deployment that a job gets which names none."""
        return next((one for one in self.deployments if one.share), None)


@dataclass(frozen=True)
class Setting:
    """One field of every deployment of an endpoint; None where a deployment has none."""

    name: str
    values: Sequence[str | None]

    @property
    def differs(self) -> bool:
        """Whether the deployments do not agree."""
        return len(set(self.values)) > 1


def endpoints_of(opened: "Reading") -> list[Endpoint]:
    """Every endpoint that bep knows, by name: as it is now where the world is this machine, which costs next to
    nothing to ask; else as it was applied."""
    known = _known(opened)
    return [_endpoint(known, one) for one in known.values() if kind_of(one.address) == "endpoint"]


def endpoint_named(opened: "Reading", name: str) -> Endpoint:
    """One of them. Raises `NotFound` with the nearest."""
    from bep.schemas.findings.did_you_mean import did_you_mean, nearest

    every = {one.name: one for one in endpoints_of(opened)}
    if name not in every:
        near = did_you_mean(name, every)
        raise NotFound(f"no endpoint {name!r} was applied here. {near}".rstrip(), nearest=nearest(name, every))
    return every[name]


def side_by_side(deployments: Sequence[Deployment]) -> list[Setting]:
    """The fields of deployments, one a row: those in which they differ first."""
    names = sorted({name for one in deployments for name in one.fields if name not in SAID_ELSEWHERE})
    rows = [Setting(name, [one.fields.get(name) for one in deployments]) for name in names]
    return sorted(rows, key=lambda row: not row.differs)


def _known(opened: "Reading") -> "dict[Address, Entry]":
    """What was applied of endpoints, by address; what somebody changed since as they left it, without what is gone."""
    entries = {one: entry for one, entry in sorted(opened.state.entries.items()) if kind_of(one) in SHOWN}
    if not entries or opened.world.jobs is not None:
        return entries
    seen = opened.provider.read(entries)
    return {
        one: entry if seen[one].etag == entry.etag else entry.model_copy(update={"attributes": seen[one].attributes})
        for one, entry in entries.items()
        if one in seen
    }


def _endpoint(known: "Mapping[Address, Entry]", entry: "Entry") -> Endpoint:
    [name] = names_of(entry.address)
    traffic = known.get(address_of("traffic", name))
    shares: Mapping[str, int] = traffic.attributes.get("split", {}) if traffic else {}
    own = [
        _deployment(one, shares)
        for one in known.values()
        if kind_of(one.address) == "deployment" and names_of(one.address)[0] == name
    ]
    own.sort(key=lambda one: (-one.share, one.name))
    return Endpoint(name, entry.address, entry.applied_at, _fields(entry.attributes), own)


def _deployment(entry: "Entry", shares: Mapping[str, int]) -> Deployment:
    name = names_of(entry.address)[1]
    return Deployment(name, entry.address, shares.get(name, 0), entry.applied_at, _fields(entry.attributes))


def _fields(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Every field as a text; what is secret is not in it."""
    from bep.planner.fields import dotted
    from bep.planner.rendering.layout import leaves, text

    return {dotted(path): shown for path, value in leaves(attributes) if (shown := text(value)) is not None}
