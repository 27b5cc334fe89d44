"""Evidence: a plan with what it was made from, and what was asked for it. Values only; judges nothing."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from bep.lazy_dataclasses import dataclass, field
from bep.planner.facts import FileDiff
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Action, Change, Plan
from bep.planner.planning.checks import planned
from bep.planner.state import ContentRecord, State
from bep.planner.traffic import receivers, split_of
from bep.planner.wanted import records
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import NOTHING, Resource

DEPLOYMENT: Final = "deployment"
ENDPOINT: Final = "endpoint"
MLMODEL: Final = "MLmodel"
TEXT_LIMIT: Final = 1 << 17
"""Bytes up to which a file is compared line by line."""
READ_LIMIT: Final = 1 << 24
"""Bytes of files that are asked for a plan, all together; of the others only the sizes."""
DIFFS_LIMIT: Final = 1 << 20
"""Characters that the diffs of a plan may have, all together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked outside the planner, once it was known what the plan changes.

    `kept` has, by sha256, the contents that the world could give back whole. `files` has bytes of files, by their
    sha256, only of those that may be text; `sizes` has what is known of any file's size. `secrets` are the clear values
    of those that the specs have, to be masked wherever they stand.
    """

    kept: Mapping[str, ContentRecord] = field(default_factory=lambda: NOTHING)
    files: Mapping[str, bytes] = field(default_factory=lambda: NOTHING)
    sizes: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Evidence:
    """All that facts are found in. `now` and `later` have the attributes of everything before and after the plan.

    `diffs` keeps what was made of two files, by their digests, for the next who sets them side by side.
    """

    plan: Plan
    resources: Mapping[Address, Resource]
    state: State
    observed: Mapping[Address, Observed]
    kinds: Mapping[str, Kind]
    options: Options
    asked: Asked
    now: Mapping[Address, Mapping[str, Any]]
    later: Mapping[Address, Mapping[str, Any]]
    diffs: dict[tuple[object, ...], FileDiff] = field(default_factory=dict, compare=False)

    @cached_property
    def wanted(self) -> Mapping[Address, Mapping[str, Any]]:
        """What is written to each address first, as the specs have it."""
        found: dict[Address, Mapping[str, Any]] = {}
        for change in self.plan.changes:
            if change.after is not None:
                found.setdefault(change.address, change.after)
        return found

    @cached_property
    def last_versions(self) -> Mapping[tuple[str, ...], Address]:
        """Of what is in state and there, by kind and name without version, the address that was applied last."""
        there = ((entry.applied_at, one) for one, entry in self.state.entries.items() if one in self.now)
        return {unversioned(address): address for _, address in sorted(there)}

    def changes(self, action: Action) -> Iterator[Change]:
        """The changes that do this."""
        return (change for change in self.plan.changes if change.action is action)

    def shares(self, values: Mapping[Address, Mapping[str, Any]]) -> Mapping[Address, Mapping[Address, int]]:
        """By traffic, the share of each deployment that it feeds, the largest first."""
        found = {}
        for address, attributes in values.items():
            kind = self.kinds[kind_of(address)]
            if kind.shift:
                split = split_of(attributes)
                fed = receivers(kind, address, attributes)
                found[address] = {
                    one: split[names_of(one)[-1]]
                    for one in sorted(fed, key=lambda one: (-split[names_of(one)[-1]], one))
                }
        return found

    def known(self, address: Address) -> Mapping[str, Any]:
        """The attributes of what is there, or of what bep last knew to be; empty of what never was."""
        entry = self.state.entries.get(address)
        return self.now.get(address) or (entry.attributes if entry else {})

    def contents_now(self, address: Address) -> Mapping[str, ContentRecord]:
        """The contents of what is there; with the files that state knows, where the world tells only their digest."""
        seen, entry = self.observed.get(address), self.state.entries.get(address)
        known = entry.contents if entry else {}
        found = (seen.contents if seen else {}) or known
        return {
            field: own if (own := known.get(field)) and own.sha256 == record.sha256 else record
            for field, record in found.items()
        }

    def contents_later(self, address: Address) -> Mapping[str, ContentRecord]:
        """The contents of what will be there."""
        resource = self.resources.get(address)
        return records(resource.contents) if resource is not None else self.contents_now(address)


def evidence_of(
    plan: Plan,
    resources: Mapping[Address, Resource],
    state: State,
    observed: Mapping[Address, Observed],
    kinds: Mapping[str, Kind],
    options: Options,
    asked: Asked,
) -> Evidence:
    """The evidence for a plan."""
    now = {address: seen.attributes for address, seen in observed.items()}
    stay = {change.address for change in plan.changes if change.action is Action.FORGET} & now.keys()
    later = {**planned(now, plan.changes), **{address: now[address] for address in stay}}
    return Evidence(plan, resources, state, observed, kinds, options, asked, now, later)


def unversioned(address: Address) -> tuple[str, ...]:
    """The kind of a registered version and its name without the version."""
    return (kind_of(address), *names_of(address)[:-1])


def endpoint_of(traffic: Address) -> Address:
    """The endpoint whose traffic this is."""
    return address_of(ENDPOINT, *names_of(traffic))
