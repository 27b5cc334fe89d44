"""Decisions as changes. A replacement becomes two, an import that must then be mended as well."""

from typing import Any, assert_never

from bep.planner.fields import ABSENT, with_value
from bep.planner.plan import Action, Change
from bep.planner.planning.deciding import Case, Decision, Verdict
from bep.planner.summarising import diffs_summary, summary_of
from bep.planner.traffic import shift_summary, split_diffs


def drafted(decision: Decision) -> tuple[Change, ...]:
    """The changes that carry out one decision, in their own order, without the needs among resources."""
    match decision.verdict:
        case Verdict.NOTHING | Verdict.REFUSED:
            return ()
        case Verdict.CREATE | Verdict.UPDATE | Verdict.DELETE | Verdict.REPLACE:
            return _in_world(decision)
        case Verdict.REMEMBER | Verdict.IMPORT | Verdict.FORGET | Verdict.RETAIN:
            return _in_state(decision)
        case _:
            assert_never(decision.verdict)


def _in_world(decision: Decision) -> tuple[Change, ...]:
    if decision.verdict is Verdict.REPLACE:
        return (_delete(decision), _create(decision))
    if decision.verdict is Verdict.DELETE:
        return (_delete(decision),)
    return (_create(decision) if decision.verdict is Verdict.CREATE else _update(decision),)


def _in_state(decision: Decision) -> tuple[Change, ...]:
    if decision.verdict is Verdict.IMPORT:
        return _import(decision)
    if decision.verdict is Verdict.RETAIN:
        return (_retain(decision),)
    return (_forget(decision) if decision.verdict is Verdict.FORGET else _adopt(decision, decision.after),)


def _create(decision: Decision) -> Change:
    case, after = decision.case, decision.after
    replacement = decision.verdict is Verdict.REPLACE
    if case.kind.shift:
        summary, diffs = shift_summary(None, after), split_diffs(None, after, decision.origin)
    else:
        summary, diffs = summary_of(case.kind, after), decision.diffs if replacement else ()
    return _change(
        decision,
        Action.SHIFT if case.kind.shift else Action.CREATE,
        replacement=replacement,
        summary=summary,
        diffs=diffs,
        before=None,
        etag=None,
    )


def _update(decision: Decision) -> Change:
    case = decision.case
    if case.kind.shift:
        before = case.observed.attributes if case.observed else None
        return _change(decision, Action.SHIFT, summary=shift_summary(before, decision.after))
    return _change(decision, Action.UPDATE, summary=diffs_summary(decision.diffs))


def _delete(decision: Decision) -> Change:
    case, entry = decision.case, decision.case.entry
    before = case.observed.attributes if case.observed else None
    if case.kind.shift:
        word, action = "shift away", Action.SHIFT
        summary, diffs = shift_summary(before, None), split_diffs(before, None, decision.origin)
    else:
        word, action, diffs = "delete", Action.DELETE, ()
        summary = summary_of(case.kind, entry.attributes if entry else before)
    return _change(
        decision,
        action,
        id=f"{word} {case.address}",
        replacement=decision.verdict is Verdict.REPLACE,
        summary=summary,
        diffs=diffs,
        after=None,
        references=entry.references if entry else (),
        contents=entry.contents if entry else {},
        guards=entry.guards if entry else None,
        restore=entry.attributes if entry else None,
    )


def _import(decision: Decision) -> tuple[Change, ...]:
    """What is adopted is remembered as it is, so that a mend that fails is still seen as due."""
    after = dict(decision.after or {})
    for diff in decision.diffs:
        after = with_value(after, diff.path, ABSENT if diff.before is None else diff.before)
    adopted = _adopt(decision, after)
    if not decision.diffs:
        return (adopted,)
    return (adopted, _update(decision).model_copy(update={"needs": (adopted.id,)}))


def _adopt(decision: Decision, after: dict[str, Any] | None) -> Change:
    imported = decision.verdict is Verdict.IMPORT
    summary = summary_of(decision.case.kind, after) if imported else f"state only: {decision.reason}"
    restore = decision.case.entry.attributes if decision.case.entry else None
    return _change(decision, Action.ADOPT, summary=summary, after=after, diffs=(), restore=restore)


def _retain(decision: Decision) -> Change:
    summary = summary_of(decision.case.kind, decision.after)
    return _change(decision, Action.RETAIN, summary=summary, diffs=(), restore=decision.after)


def _forget(decision: Decision) -> Change:
    entry = decision.case.entry
    attributes = entry.attributes if entry else None
    return _change(
        decision,
        Action.FORGET,
        summary=summary_of(decision.case.kind, attributes),
        after=None,
        diffs=(),
        references=(),
        contents={},
        restore=attributes,
    )


def _change(decision: Decision, action: Action, **parts: Any) -> Change:
    """A change with what follows from the case, unless the parts say otherwise."""
    case = decision.case
    filled: dict[str, Any] = {
        "id": f"{action} {case.address}",
        "address": case.address,
        "action": action,
        "reason": decision.reason,
        "origin": decision.origin,
        "before": case.observed.attributes if case.observed else None,
        "after": decision.after,
        "diffs": decision.diffs,
        "etag": case.observed.etag if case.observed else None,
        "applied_at": case.entry.applied_at if case.entry else "",
        "prior_references": case.entry.references if case.entry else (),
        "prior_guards": case.entry.guards if case.entry else None,
        **_remembered(case),
        **parts,
    }
    if filled["guards"] is None:
        del filled["guards"]
    return Change(**filled)


def _remembered(case: Case) -> dict[str, Any]:
    side = case.wanted or case.entry
    assert side is not None
    return {"references": side.references, "contents": side.contents, "guards": side.guards}
