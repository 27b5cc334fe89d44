"""What somebody asks of a few objects beside the specs, as a plan: what is there against what they want. Pure.

Their wish alone counts, so there are two sides and not three; guards and what makes a plan unsafe count as ever. What
the specs say is left for the next plan, which shows this as drift.
"""

from collections.abc import Iterable, Mapping

from bep.planner.fields import dotted
from bep.planner.formats.planfile import signed
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Plan
from bep.planner.planning.changes import drafted
from bep.planner.planning.deciding import Decision, Verdict, decide
from bep.planner.planning.graph import dependents, ordered
from bep.planner.planning.planning import World
from bep.planner.planning.safety import Scene, safety_findings
from bep.planner.state import Entry, Guards, State
from bep.schemas.address import Address, kind_of
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import Resource

ASKED = "it was asked for through the server"
"""The reason of each change."""
_LEFT = (Verdict.NOTHING, Verdict.REMEMBER, Verdict.FORGET, Verdict.RETAIN)


class OnlyReplaced(Exception):
    """A wish that the object under this address cannot have fulfilled: another would have to take its place."""

    def __init__(self, address: Address, fields: str) -> None:
        self.address = address
        super().__init__(f"{address}: {fields} cannot be changed in place: delete it and make it anew")


def plan_beside(
    wishes: Mapping[Address, Resource | None],
    declared: Iterable[Resource],
    state: State,
    observed: Mapping[Address, Observed],
    kinds: Mapping[str, Kind],
    options: Options,
) -> Plan:
    """The plan that makes each object what is wished, or takes it away where None is; signed with the state's key.

    `observed` has what is there of the wishes, of all in state, and of the traffic of what goes. A wish that only a
    replacement would fulfil is refused, as somebody would find another object under the name: raises `OnlyReplaced`.
    """
    now = state.model_copy(update={"entries": {**state.entries, **_as_there(wishes, state, observed)}})
    resources = {address: wish for address, wish in wishes.items() if wish is not None}
    world = World(resources, now, observed, kinds, options, {})
    decisions = [_decided(address, world) for address in sorted(wishes)]
    drafts = [change.model_copy(update={"reason": ASKED}) for one in decisions for change in drafted(one)]
    changes = ordered(drafts, world.prior_references(), list(kinds)) if drafts else ()
    protected = {resource.address for resource in declared if resource.lifecycle.prevent_destroy}
    protected |= {address for address, entry in state.entries.items() if entry.guards.prevent_destroy}
    gone = {address for address, wish in wishes.items() if wish is None}
    users = {name: _refers(now.entries[name], kinds) for name in now.entries.keys() & observed.keys()}
    left = dependents({name: refers for name, refers in users.items() if name not in gone})
    scene = Scene(changes, now, observed, kinds, options, frozenset(protected), left)
    made = Plan(
        bep_version=options.bep_version,
        workspace=options.workspace,
        stage=options.stage,
        provider=options.provider,
        lineage=state.lineage,
        serial=state.serial,
        created_at=options.created_at,
        changes=changes,
        findings=(*(found for one in decisions for found in one.findings), *safety_findings(scene)),
    )
    return signed(made, state.secret_key)


def _as_there(
    wishes: Mapping[Address, Resource | None], state: State, observed: Mapping[Address, Observed]
) -> dict[Address, Entry]:
    """Entries as if bep had last applied what is there: then whatever differs is what is asked for now."""
    found: dict[Address, Entry] = {}
    for address in wishes:
        seen, known = observed.get(address), state.entries.get(address)
        if seen is not None:
            found[address] = Entry(
                address=address,
                attributes=seen.attributes,
                observed=seen.attributes,
                etag=seen.etag,
                references=known.references if known else (),
                contents=seen.contents,
                guards=known.guards if known else Guards(),
                applied_at=known.applied_at if known else "",
            )
    return found


def _refers(entry: Entry, kinds: Mapping[str, Kind]) -> Iterable[Address]:
    """What an object refers to now, as far as that is known: of what was changed beside the specs the world knows."""
    if kinds[kind_of(entry.address)].shift:
        return ()  # what has traffic is looked after by name, and an endpoint takes its traffic along
    return () if entry.beside and not entry.beside.made else entry.references


def _decided(address: Address, world: World) -> Decision:
    case = world.case(address)
    if case.observed is None:
        if case.wanted is None:
            return Decision(case, Verdict.NOTHING)
        return Decision(case, Verdict.CREATE, after=case.wanted.attributes)
    if case.wanted is None:
        return Decision(case, Verdict.DELETE)
    found = decide(case, world.options)
    if found.verdict is Verdict.REPLACE:
        raise _only_replaced(found)
    return Decision(case, Verdict.NOTHING) if found.verdict in _LEFT else found


def _only_replaced(found: Decision) -> OnlyReplaced:
    fields = ", ".join(dotted(diff.path) for diff in found.diffs if diff.forces_replacement)
    return OnlyReplaced(found.case.address, fields or found.reason)
