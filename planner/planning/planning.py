"""(what is wanted, what is known, what is there) -> what to do. Pure: same input, same plan."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bep.lazy_dataclasses import dataclass, replace
from bep.planner.formats.planfile import signed
from bep.planner.observed import Condition, Observed
from bep.planner.options import Options, RunningJob
from bep.planner.plan import Change, Drift, Plan, PlanFinding
from bep.planner.planning.advice import let_through
from bep.planner.planning.cascade import cascade
from bep.planner.planning.changes import drafted
from bep.planner.planning.checks import failed_checks
from bep.planner.planning.deciding import Case, Decision, Verdict, decide
from bep.planner.planning.graph import OrderImpossible, dependents, ordered, reference_cycle
from bep.planner.planning.refusals import import_undeclared, unknown_address
from bep.planner.planning.refusals import reference_cycle as cycle_finding
from bep.planner.planning.retention import Retention, retentions
from bep.planner.planning.safety import Scene, safety_findings, settled
from bep.planner.planning.targeting import named, selected
from bep.planner.state import Entry, State
from bep.planner.traffic import receivers
from bep.planner.wanted import Wanted, guards_of, references_of, wanted
from bep.schemas.address import Address, kind_of
from bep.schemas.findings.finding import Finding
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import clear_alike, seal, sealed_alike

Kept = TypeVar("Kept", Entry | None, Observed | None)

__all__ = ["Options", "RunningJob", "draft", "plan"]


@dataclass(frozen=True, slots=True)
class World:
    """What a plan is made from, as one value."""

    resources: Mapping[Address, Resource]
    state: State
    observed: Mapping[Address, Observed]
    kinds: Mapping[str, Kind]
    options: Options
    retentions: Mapping[Address, Retention]

    def case(self, address: Address) -> Case:
        """All that is known of one address."""
        resource = self.resources.get(address)
        wish = wanted(resource, self.state.secret_key) if resource else None
        entry, observed = self.state.entries.get(address), self.observed.get(address)
        if wish is not None:
            entry, observed = self._alike(wish, entry), self._alike(wish, observed)
        return Case(address, self.kinds[kind_of(address)], wish, entry, observed, self.retentions.get(address))

    def _alike(self, wish: Wanted, known: Kept) -> Kept:
        """What is kept, in clear where the wish is clear and sealed where that is sealed: what only came to be known as
        a secret, or to be none, is no change."""
        key = self.state.secret_key

        def alike(kept: dict[str, Any]) -> dict[str, Any]:
            both: dict[str, Any] = clear_alike(wish.attributes, sealed_alike(wish.attributes, kept, key), key)
            return both

        if isinstance(known, Entry):
            return known.model_copy(update={n: alike(getattr(known, n)) for n in ("attributes", "observed")})
        return known if known is None else replace(known, attributes=alike(known.attributes))

    def desired_references(self) -> dict[Address, tuple[Address, ...]]:
        """By declared address, what it will refer to."""
        return {address: references_of(resource) for address, resource in self.resources.items()}

    def prior_references(self) -> dict[Address, frozenset[Address]]:
        """By address in state, what it refers to now, whoever made it so."""
        return {
            address: frozenset(entry.references)
            | receivers(self.kinds[kind_of(address)], address, seen.attributes if seen else None)
            for address, entry in self.state.entries.items()
            for seen in [self.observed.get(address)]
        }


def plan(
    resources: Iterable[Resource],
    state: State,
    observed: Mapping[Address, Observed],
    kinds: Mapping[str, Kind],
    options: Options,
) -> Plan:
    """The plan that makes the world what the specs ask, signed with the state's key; or the reasons why there is none.

    It has no facts: see `draft`.
    """
    from bep.planner.planning.rollback import undoing  # a plan of nothing needs none of it

    made = draft(resources, state, observed, kinds, options)
    return signed(made.model_copy(update={"rollback": undoing(made.changes)}), state.secret_key)


def draft(
    resources: Iterable[Resource],
    state: State,
    observed: Mapping[Address, Observed],
    kinds: Mapping[str, Kind],
    options: Options,
) -> Plan:
    """The same, not signed yet: what a reviewer should know, and how it is taken back, `bep.planner.reviewing` finds.

    `observed` has every object that exists among the addresses declared and in state. The order of
    `kinds` decides between changes that may come in either order. Never raises for what a user
    wrote: see `Plan.blocking`.
    """
    declared = {resource.address: resource for resource in resources}
    wished = {} if options.destroy else declared
    references = {address: references_of(resource) for address, resource in wished.items()}
    world = World(wished, state, observed, kinds, options, retentions(kinds, state.entries, references, options))
    decisions = _with_cascade(_decisions(world), world)
    drafts = [change for decision in decisions.values() for change in drafted(decision)]
    changes, circle = _ordered(drafts, world)
    chosen = selected(changes, options.targets, options.excludes)
    refused = (*_asked_in_vain(world), *(found for decision in decisions.values() for found in decision.findings))
    risks = safety_findings(_scene(world, chosen, declared))
    notes = _notes(decisions.values(), len(changes) - len(chosen))
    checks = (allowable(found, options.allow) for found in failed_checks(chosen, observed, options))
    return Plan(
        bep_version=options.bep_version,
        workspace=options.workspace,
        stage=options.stage,
        provider=options.provider,
        in_other_world=options.in_other_world,
        lineage=state.lineage,
        serial=state.serial,
        created_at=options.created_at,
        changes=chosen,
        drift=_drift(decisions.values(), chosen),
        findings=(*map(carried, options.findings), *refused, *circle, *risks, *checks),
        unchanged=len({*wished, *state.entries}) - len(_set_aside(world)) - sum(map(_acts, decisions.values())),
        notes=(*options.notes, *notes),
        values=options.values,
    )


def _drift(decisions: Iterable[Decision], chosen: Sequence[Change]) -> tuple[Drift, ...]:
    found = [decision.drift for decision in decisions if decision.drift]
    if not found:
        return ()
    from bep.planner.planning.undone import as_planned, writing

    written = writing(chosen)
    return tuple(as_planned(one, written) for one in found)


def _scene(world: World, chosen: Sequence[Change], declared: Mapping[Address, Resource]) -> Scene:
    protected, referrers = _protected(declared, world.state), _referrers(world, chosen)
    return Scene(chosen, world.state, world.observed, world.kinds, world.options, protected, referrers)


def _decisions(world: World) -> dict[Address, Decision]:
    """A decision for every address that is not plainly as it should be, sorted."""
    return {
        address: decide(world.case(address), world.options)
        for address in sorted({*world.resources, *world.state.entries})
        if not _plainly_settled(address, world)
    }


def _set_aside(world: World) -> set[Address]:
    """Those retained earlier: they match no spec and are not compared."""
    stay = (address for address, retention in world.retentions.items() if retention.stays)
    return {address for address in stay if world.state.entries[address].retained and address in world.observed}


def _acts(decision: Decision) -> bool:
    return decision.verdict is not Verdict.NOTHING


def _plainly_settled(address: Address, world: World) -> bool:
    """The quick answer for the usual case: wish, state and world all agree to the letter."""
    resource, entry, seen = world.resources.get(address), world.state.entries.get(address), world.observed.get(address)
    if resource is None or entry is None or seen is None:
        return False
    return (
        seen.condition is not Condition.FAILED
        and (seen.etag == entry.etag or seen.attributes == entry.observed)
        and seal(resource.attributes, world.state.secret_key) == entry.attributes
        and references_of(resource) == entry.references
        and guards_of(resource) == entry.guards
        and not entry.retained
        and not entry.is_made_beside
        and not _singled_out(address, world.options)
    )


def _singled_out(address: Address, options: Options) -> bool:
    return address in options.replace or address in options.forget or address in options.moved


def _with_cascade(decisions: dict[Address, Decision], world: World) -> dict[Address, Decision]:
    replaced = [address for address, decision in decisions.items() if decision.verdict is Verdict.REPLACE]
    if not replaced:
        return decisions
    existing = {name: refers for name, refers in world.prior_references().items() if name in world.observed}
    more = cascade(replaced, world.desired_references(), existing)
    added = {address: _replaced_with(address, cause, decisions.get(address), world) for address, cause in more.items()}
    return dict(sorted({**decisions, **added}.items()))


def _replaced_with(address: Address, cause: Address, decision: Decision | None, world: World) -> Decision:
    case = world.case(address)
    base = decision or Decision(case, Verdict.NOTHING)
    after = case.wanted.attributes if case.wanted else None
    reason = f"{cause}, which it refers to, is replaced"
    return replace(base, verdict=Verdict.REPLACE, reason=reason, after=after)


def _ordered(drafts: Sequence[Change], world: World) -> tuple[tuple[Change, ...], tuple[PlanFinding, ...]]:
    if not drafts:
        return (), ()
    circle = reference_cycle(world.desired_references())
    if circle:
        return (), (cycle_finding(circle),)
    try:
        return ordered(drafts, world.prior_references(), list(world.kinds)), ()
    except OrderImpossible as impossible:
        return (), (cycle_finding(impossible.members),)


def _protected(declared: Mapping[Address, Resource], state: State) -> frozenset[Address]:
    """Those whose spec or whose entry says prevent_destroy: taking the spec away does not take the guard away."""
    in_specs = {address for address, resource in declared.items() if resource.lifecycle.prevent_destroy}
    in_state = {address for address, entry in state.entries.items() if entry.guards.prevent_destroy}
    return frozenset(in_specs | in_state)


def _referrers(world: World, chosen: Sequence[Change]) -> Mapping[Address, Sequence[Address]]:
    """Who will refer to what once the chosen changes are done; asked only when something is deleted."""
    if all(change.after is not None for change in chosen):
        return {}
    made = {name: entry.references for name, entry in world.state.entries.items() if entry.is_made_beside}
    going = {change.address for change in chosen if change.after is None}
    staying = {name: refers for name, refers in made.items() if name not in going}
    return dependents({**staying, **world.desired_references()})


def allowable(finding: Finding, allow: Collection[str]) -> PlanFinding:
    """A finding as a plan carries it, which a user may let through when it is an error."""
    found = carried(finding)
    if found.severity == "error":
        fix = f"{found.fix.removesuffix('.')}; or let it through with {let_through(found.code)}"
        found = found.model_copy(update={"fix": fix})
    return settled(found, allow)


def carried(finding: Finding) -> PlanFinding:
    """A finding as a plan carries it."""
    mark = finding.mark
    return PlanFinding(
        severity=str(finding.severity),
        code=finding.code,
        address=finding.address,
        message=finding.message,
        fix=finding.fix,
        file=mark.file if mark else "",
        line=mark.line if mark else 0,
        column=mark.column if mark else 0,
    )


def _asked_in_vain(world: World) -> Iterator[PlanFinding]:
    """Options that name nothing bep knows."""
    options, known = world.options, {*world.resources, *world.state.entries}
    parts = [("target", name) for name in options.targets] + [("exclude", name) for name in options.excludes]
    yield from (unknown_address(*part) for part in parts if not any(named(address, part[1:]) for address in known))
    ones = (("replace", options.replace), ("forget", options.forget), ("moved", tuple(options.moved)))
    asked = [(flag, address) for flag, addresses in ones for address in addresses]
    yield from (unknown_address(*one) for one in asked if one[1] not in world.state.entries)
    wishes = (*options.imports, *options.moved.values())
    yield from (import_undeclared(address) for address in wishes if address not in world.resources)


def _notes(decisions: Iterable[Decision], left_out: int) -> Iterator[str]:
    for decision in decisions:
        yield from decision.notes
    if left_out:
        changes = "change is" if left_out == 1 else "changes are"
        yield f"a part was asked for: {left_out} {changes} left out of this plan"
