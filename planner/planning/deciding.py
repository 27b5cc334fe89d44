"""What one resource needs, looked at alone: its wish, its entry, the world. Knows no other resource and no order."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from bep.lazy_dataclasses import dataclass, field, replace
from bep.planner.fields import dotted, value_at, with_value, within
from bep.planner.observed import Condition, Observed
from bep.planner.options import Options
from bep.planner.plan import DESTROY, UNDECLARED, Drift, FieldDiff, Origin, PlanFinding
from bep.planner.planning.diffing import Comparison, Sides, compare
from bep.planner.planning.earlier_rules import same_content
from bep.planner.planning.guards import difference
from bep.planner.planning.refusals import already_exists, in_progress, nothing_to_import, registered_changed
from bep.planner.planning.retention import Retention
from bep.planner.state import ContentRecord, Entry
from bep.planner.wanted import Wanted, file_changes
from bep.schemas.address import Address
from bep.schemas.kinds.kind import Kind


class Verdict(Enum):
    """What is to be done with one resource. REFUSED is nothing, with a finding that says why."""

    NOTHING = auto()
    CREATE = auto()
    UPDATE = auto()
    REPLACE = auto()
    DELETE = auto()
    REMEMBER = auto()
    IMPORT = auto()
    FORGET = auto()
    RETAIN = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one address. `retention` is what the registry does with it where it is not declared."""

    address: Address
    kind: Kind
    wanted: Wanted | None
    entry: Entry | None
    observed: Observed | None
    retention: Retention | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its grounds. `after` are the attributes to write, where something is written."""

    case: Case
    verdict: Verdict
    reason: str = ""
    origin: Origin = Origin.SPEC
    diffs: tuple[FieldDiff, ...] = ()
    after: dict[str, Any] | None = None
    drift: Drift | None = None
    findings: tuple[PlanFinding, ...] = ()
    notes: tuple[str, ...] = field(default=())


def decide(case: Case, options: Options) -> Decision:
    """The verdict for one address that has a wish, an entry, or both."""
    if case.entry is None:
        return _newcomer(case, options)
    if case.address in options.forget or case.address in options.moved:
        return Decision(case, Verdict.FORGET, reason=_forgetting(case, options))
    if case.entry.is_made_beside:
        return _made_beside(case, case.entry, options)
    if case.retention and case.retention.stays and case.observed is not None:
        return _retained(case, case.entry, options)
    if options.refresh_only:
        return _refreshed(case, case.entry)
    if case.wanted is None:
        return _unwanted(case, case.entry, destroy=options.destroy)
    if case.observed is None:
        return _vanished(case, case.entry, case.wanted)
    return _compared(case, case.entry, case.wanted, case.observed, options)


def _made_beside(case: Case, entry: Entry, options: Options) -> Decision:
    """What somebody made through the server is there until a spec declares it, or somebody asks for its end."""
    if case.observed is None:
        if case.wanted is not None and not options.refresh_only:
            return Decision(case, Verdict.CREATE, after=case.wanted.attributes)
        return Decision(case, Verdict.FORGET, reason="it was made through the server, and is gone", origin=Origin.DRIFT)
    if case.wanted is not None and not options.refresh_only:
        return _imported(case, case.wanted, case.observed, "it was made through the server, and is declared now")
    if options.destroy or case.address in options.removed:
        return _unwanted(case, entry, destroy=options.destroy)
    at, by = _who(entry, case.observed)
    drift = Drift(address=case.address, answer="kept: no spec declares it", changed_by=by, changed_at=at)
    return Decision(case, Verdict.NOTHING, drift=drift)


def _newcomer(case: Case, options: Options) -> Decision:
    assert case.wanted is not None
    asked = case.address in options.imports or case.address in options.moved.values()
    if options.refresh_only and not asked:
        return Decision(case, Verdict.NOTHING)
    if case.observed is None:
        if asked:
            return Decision(case, Verdict.REFUSED, findings=(nothing_to_import(case.wanted),))
        return Decision(case, Verdict.CREATE, after=case.wanted.attributes)
    made = case.observed.operation and case.observed.operation in options.operations
    if asked or (made and case.observed.condition is Condition.READY):
        return _imported(case, case.wanted, case.observed, _importing(asked))
    if case.observed.condition is Condition.PROGRESSING:
        return Decision(case, Verdict.REFUSED, findings=(in_progress(case.wanted),))
    return Decision(case, Verdict.REFUSED, findings=(already_exists(case.wanted),))


def _importing(asked: bool) -> str:
    if asked:
        return "import was asked for"
    return "an earlier apply created it and was interrupted before recording that"


def _imported(case: Case, wanted: Wanted, observed: Observed, reason: str) -> Decision:
    now = observed.attributes
    sides = Sides(wanted.attributes, {}, now, now)
    found = _by_rule(compare(sides, case.kind, wanted.guards.ignore_changes), observed.contents, wanted)
    diffs = _with_files(found.diffs, observed.contents, wanted.contents)
    if _changes_what_was_registered(case.kind, diffs):
        return Decision(case, Verdict.REFUSED, findings=(registered_changed(wanted, diffs, in_world=True),))
    after = _kept(wanted.attributes, found, now)
    return Decision(case, Verdict.IMPORT, reason=reason, diffs=diffs, after=after)


def _forgetting(case: Case, options: Options) -> str:
    target = options.moved.get(case.address)
    return f"moved to {target}" if target else "removed from state on request; the object itself is kept"


def _retained(case: Case, entry: Entry, options: Options) -> Decision:
    """Noted once; from then on nothing is said of it. A look at the world alone notes nothing about the specs."""
    assert case.retention is not None
    if entry.retained or options.refresh_only:
        return Decision(case, Verdict.NOTHING)
    return Decision(case, Verdict.RETAIN, reason=case.retention.reason, after=entry.attributes)


def _unwanted(case: Case, entry: Entry, *, destroy: bool) -> Decision:
    if case.observed is None:
        return Decision(case, Verdict.FORGET, reason=f"{UNDECLARED}, and already gone", origin=Origin.BOTH)
    reason = DESTROY if destroy else case.retention.reason if case.retention else UNDECLARED
    drift = _drift(case, entry, _world_changes(case, entry, case.observed), "deleted: " + reason)
    return Decision(case, Verdict.DELETE, reason=reason, drift=drift)


def _vanished(case: Case, entry: Entry, wanted: Wanted) -> Decision:
    found = compare(Sides(wanted.attributes, entry.attributes, {}, {}), case.kind)
    origin = Origin.BOTH if found.diffs else Origin.DRIFT
    at, by = _who(entry, None)
    drift = Drift(
        address=case.address,
        gone=True,
        answer="made again",
        applied_at=entry.applied_at,
        changed_at=at,
        changed_by=by,
    )
    reason = "someone removed it since bep made it"
    return Decision(case, Verdict.CREATE, reason=reason, origin=origin, after=wanted.attributes, drift=drift)


def _compared(case: Case, entry: Entry, wanted: Wanted, observed: Observed, options: Options) -> Decision:
    sides = Sides(wanted.attributes, entry.attributes, entry.observed, observed.attributes)
    found = _by_rule(
        compare(sides, case.kind, wanted.guards.ignore_changes), observed.contents or entry.contents, wanted
    )
    diffs = _with_files(found.diffs, observed.contents or entry.contents, wanted.contents)
    asked = case.address in options.replace
    after = _kept(wanted.attributes, found, observed.attributes)
    base = Decision(case, Verdict.NOTHING, diffs=diffs, after=after, origin=_origin(diffs), notes=_ignored(case, found))
    if _changes_what_was_registered(case.kind, diffs) and not asked:
        refusal = registered_changed(wanted, diffs, in_world=base.origin is Origin.DRIFT)
        drift = _drift(case, entry, found.drifted, "refused: registered versions never change")
        return replace(base, verdict=Verdict.REFUSED, drift=drift, findings=(refusal,))
    forcing = [dotted(diff.path) for diff in diffs if diff.forces_replacement]
    failed = observed.condition is Condition.FAILED
    if asked or forcing or (failed and not entry.etag):
        reason = _replacing(forcing, observed, asked=asked)
        drift = _drift(case, entry, found.drifted, "replaced by one as the specs ask")
        return replace(base, verdict=Verdict.REPLACE, reason=reason, after=wanted.attributes, drift=drift)
    if diffs or failed:
        drift = _drift(case, entry, found.drifted, "set to what the specs ask")
        reason = f"it failed: {observed.why}" if failed else _why(base.origin)
        return replace(base, verdict=Verdict.UPDATE, reason=reason, drift=drift)
    drift = _drift(case, entry, found.drifted, "kept: the specs ask for the same")
    return _remembered(replace(base, drift=drift), entry, wanted, found)


def _replacing(forcing: Sequence[str], observed: Observed, *, asked: bool) -> str:
    if asked:
        return "replacement was requested"
    if forcing:
        return ", ".join(forcing) + " cannot be changed in place"
    return f"it was made and failed: {observed.why}"


def _by_rule(found: Comparison, before: Mapping[str, ContentRecord], wanted: Wanted) -> Comparison:
    """The comparison without contents whose digests differ only because another rule made them."""
    same = {name for name, record in wanted.contents.items() if same_content(before.get(name), record)}
    diffs = tuple(diff for diff in found.diffs if dotted(diff.path) not in same)
    return replace(found, diffs=diffs)


def _remembered(base: Decision, entry: Entry, wanted: Wanted, found: Comparison) -> Decision:
    """Nothing to do in the world; but state may have to learn what the specs say now."""
    learned = [f"{dotted(path)} is already as the specs ask" for path in found.settled]
    if entry.retained:
        learned.append("it is declared again")
    if wanted.guards != entry.guards:
        learned.append(difference(entry.guards, wanted.guards))
    if wanted.references != entry.references:
        learned.append("what it depends on changed")
    if not learned:
        return base
    return replace(base, verdict=Verdict.REMEMBER, reason="; ".join(learned))


def _refreshed(case: Case, entry: Entry) -> Decision:
    if case.observed is None:
        drift = Drift(address=case.address, gone=True, answer="dropped from state", applied_at=entry.applied_at)
        reason = "someone removed it since bep made it"
        return Decision(case, Verdict.FORGET, reason=reason, origin=Origin.DRIFT, drift=drift)
    found = _world_changes(case, entry, case.observed)
    taken = _drift(case, entry, found, "taken into state")
    if taken is None:
        return Decision(case, Verdict.NOTHING)
    now = case.observed.attributes
    after = dict(entry.attributes)
    for diff in found:
        after = with_value(after, diff.path, value_at(now, diff.path))
    reason = "it was changed outside bep"
    return Decision(case, Verdict.REMEMBER, reason=reason, origin=Origin.DRIFT, after=after, drift=taken)


def _world_changes(case: Case, entry: Entry, observed: Observed) -> tuple[FieldDiff, ...]:
    sides = Sides(entry.attributes, entry.attributes, entry.observed, observed.attributes)
    return compare(sides, case.kind).drifted


def _kept(attributes: dict[str, Any], found: Comparison, now: Mapping[str, Any]) -> dict[str, Any]:
    """The wish, with ignored fields left as the world has them."""
    for path in found.ignored:
        attributes = with_value(attributes, path, value_at(now, path))
    return attributes


def _ignored(case: Case, found: Comparison) -> tuple[str, ...]:
    if not found.ignored:
        return ()
    names = ", ".join(dotted(path) for path in found.ignored)
    return (f"{case.address}: changes of {names} are ignored, as ignore_changes says",)


def _drift(case: Case, entry: Entry, diffs: tuple[FieldDiff, ...], answer: str) -> Drift | None:
    if not diffs:
        return None
    at, by = _who(entry, case.observed)
    return Drift(
        address=case.address, diffs=diffs, answer=answer, applied_at=entry.applied_at, changed_at=at, changed_by=by
    )


def _who(entry: Entry, seen: Observed | None) -> tuple[str, str]:
    """When it was last changed since bep applied it, and by whom; empty where nobody knows."""
    beside = entry.beside
    if beside is not None and (seen is None or not seen.changed_by or seen.changed_at <= beside.at):
        return beside.at, f"{beside.by} through the server"
    return (seen.changed_at, seen.changed_by) if seen and seen.changed_at > entry.applied_at else ("", "")


def _origin(diffs: tuple[FieldDiff, ...]) -> Origin:
    found = {diff.origin for diff in diffs}
    if not found:
        return Origin.SPEC
    return found.pop() if len(found) == 1 else Origin.BOTH


def _why(origin: Origin) -> str:
    match origin:
        case Origin.SPEC:
            return ""
        case Origin.DRIFT:
            return "someone changed it since bep last wrote it"
        case Origin.BOTH:
            return "the specs changed, and so did the world"


def _with_files(
    diffs: tuple[FieldDiff, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[FieldDiff, ...]:
    return tuple(
        diff.model_copy(update={"files": file_changes(before.get(dotted(diff.path)), after.get(dotted(diff.path)))})
        if dotted(diff.path) in after
        else diff
        for diff in diffs
    )


def _changes_what_was_registered(kind: Kind, diffs: tuple[FieldDiff, ...]) -> bool:
    return kind.registered and any(diff.forces_replacement or within(diff.path, kind.content) for diff in diffs)
