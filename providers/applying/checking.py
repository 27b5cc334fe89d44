"""Whether a plan may still be applied: same history, same specs, same world. Reads no world itself; changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.planner.formats.planfile import distrust
from bep.planner.observed import Observed
from bep.planner.plan import UNDECLARED, Action, Change, Plan, PlanFinding
from bep.planner.state import State
from bep.schemas.address import Address
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import is_sealed, seal

WRITING = (Action.CREATE, Action.UPDATE, Action.SHIFT)


class PlanRefused(Exception):
    """The plan is not one for this state and these specs. `reasons` has each reason as a sentence."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("the plan is refused; nothing was changed\n" + "\n".join(f"  {why}" for why in self.reasons))


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is no longer as it was planned for: the dotted field, as it was then and as it is now."""

    address: Address
    field: str
    planned: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.address}: {self.field}: {_shown(self.planned)} when planned, {_shown(self.now)} now"


class PlanStale(Exception):
    """What the plan touches has changed since, in state or in the world. `moves` has each difference."""

    def __init__(self, moves: Iterable[Move]) -> None:
        self.moves = tuple(moves)
        lines = "\n".join(f"  {move}" for move in self.moves)
        super().__init__(f"the plan is stale; nothing was changed\n{lines}\n    fix: plan again")


def check_plan(plan: Plan, state: State, resources: Mapping[Address, Resource]) -> None:
    """Refuse a plan of another history or key, one applied already, one with open findings, or one of other specs."""
    reasons = [_said(found) for found in plan.blocking]
    reasons += [f"policy {one.policy} denies it" for one in plan.denials]
    if plan.lineage != state.lineage:
        owner = " in ".join(word for word in (plan.workspace, plan.stage and f"stage {plan.stage}") if word)
        reasons.append(
            f"it was made for the state of lineage {plan.lineage}{f' ({owner})' if owner else ''}, "
            f"this one is {state.lineage}"
        )
    elif doubt := distrust(plan, state.secret_key):
        reasons.append(doubt)
    elif plan.digest and plan.digest in state.applied_plans:
        reasons.append("it has been applied already")
    else:
        for change in plan.changes:
            reasons.extend(_unlike_specs(change, resources.get(change.address), state))
        reasons.extend(_unguarded(plan, state, resources))
    if reasons:
        raise PlanRefused(reasons)


def check_safety(plan: Plan, found: Iterable[PlanFinding]) -> None:
    """Refuse a plan for what `found` says of it now, unless the plan, as it was signed, allows just that."""
    allowed = {(known.code, known.address) for known in plan.findings if known.allowed or known.severity != "error"}
    reasons = [
        _said(new)
        for new in found
        if new.severity == "error" and not new.allowed and (new.code, new.address) not in allowed
    ]
    if reasons:
        raise PlanRefused(reasons)


def _said(found: PlanFinding) -> str:
    return f"{found.address}: {found.message} ({found.code})"


def _unlike_specs(change: Change, resource: Resource | None, state: State) -> Iterator[str]:
    if change.action in WRITING and change.after is not None:
        yield from _other_specs(change, resource, state.secret_key)
    elif change.reason.startswith(UNDECLARED) and resource is not None:
        verb = {Action.FORGET: "forgets", Action.RETAIN: "retains"}.get(change.action, "deletes")
        yield f"{change.address}: the plan {verb} it as {UNDECLARED}, and the specs declare it now: plan again"


def _unguarded(plan: Plan, state: State, resources: Mapping[Address, Resource]) -> Iterator[str]:
    """What is guarded by state or specs, whatever the plan says of its guards, and would be deleted all the same."""
    allowed = {found.address for found in plan.findings if found.code == "protected" and found.allowed}
    for change in plan.changes:
        if change.after is not None or change.action is Action.FORGET or change.address in allowed:
            continue
        entry, resource = state.entries.get(change.address), resources.get(change.address)
        if (entry and entry.guards.prevent_destroy) or (resource and resource.lifecycle.prevent_destroy):
            yield f"{change.address}: it is protected by prevent_destroy and would be deleted ({change.reason})"


def check_world(plan: Plan, state: State, observed: Mapping[Address, Observed]) -> None:
    """Stop before the first write if an entry or an object that the plan touches is not as it was planned for."""
    firsts: dict[Address, Change] = {}
    for change in plan.changes:
        firsts.setdefault(change.address, change)
    moves = [move for change in firsts.values() for move in _moves(change, state, observed.get(change.address))]
    if moves:
        raise PlanStale(moves)


def _moves(change: Change, state: State, now: Observed | None) -> Iterator[Move]:
    address, before = change.address, change.before
    entry = state.entries.get(address)
    applied_at = entry.applied_at if entry else ""
    if applied_at != change.applied_at:
        yield Move(address, "last applied by bep", change.applied_at or None, applied_at or None)
    etag = now.etag if now else None
    if etag == change.etag:
        return
    if now is None or before is None:
        yield Move(address, "the object", _existence(before), _existence(now))
        return
    fields = list(differences(before, now.attributes))
    for field, planned, found in fields:
        yield Move(address, field, planned, found)
    if not fields:
        yield Move(address, "version", change.etag, etag)


def _other_specs(change: Change, resource: Resource | None, key: str) -> Iterator[str]:
    if resource is None:
        yield f"{change.address}: the plan writes it, but the specs no longer declare it"
        return
    ignored = (*change.guards.ignore_changes, *(f"{path}.local" for path in change.contents))
    for field, planned, now in differences(change.after, seal(resource.attributes, key)):
        if not any(field == name or field.startswith(f"{name}.") for name in ignored):
            yield f"{change.address}: {field}: the plan has {_shown(planned)}, the specs have {_shown(now)}"
    for path, record in change.contents.items():
        content = resource.contents.get(path)
        if content is None or content.sha256 != record.sha256:
            yield f"{change.address}: {path}: its content is not the one that was planned"


def differences(first: Any, second: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ: dotted field, one side, other side; None for what is absent."""
    if first == second:
        return
    if isinstance(first, Mapping) and isinstance(second, Mapping) and not (is_sealed(first) or is_sealed(second)):
        for name in sorted(first.keys() | second.keys()):
            yield from differences(first.get(name), second.get(name), f"{path}.{name}" if path else name)
    else:
        yield path, first, second


def _existence(there: object) -> str:
    return "absent" if there is None else "there"


def _shown(value: Any) -> str:
    return "(sensitive)" if is_sealed(value) else "nothing" if value is None else str(value)
