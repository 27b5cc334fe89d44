"""Taking a plan back: which changes would undo it, and which cannot be undone. Pure; carries nothing out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bep.planner.facts import JobsEffect, Level
from bep.planner.fields import ABSENT, dotted, value_at, with_value
from bep.planner.formats.planfile import signed
from bep.planner.plan import FORMAT_VERSION, Action, Change, FieldDiff, Origin, Plan, Undo
from bep.planner.planning.graph import ordered
from bep.planner.rendering.layout import leaves
from bep.planner.state import ContentRecord, State
from bep.planner.summarising import diffs_summary
from bep.planner.traffic import shift_summary
from bep.schemas.address import Address
from bep.schemas.kinds.kind import kind_names
from bep.schemas.resource import NOTHING
from bep.schemas.secrets.secret import is_sealed

_NO_FACTS: Final[Mapping[str, Any]] = {
    "risk": Level.NONE,
    "risks": (),
    "comparisons": (),
    "jobs": JobsEffect(),
    "outputs": (),
    "values": (),
    "since": None,
    "policies": (),
    "unchanged": 0,
}
"""What was found out about a plan is not true of the one that takes it back."""


def undoing(changes: Sequence[Change], kept: Mapping[str, ContentRecord] = NOTHING) -> tuple[Undo, ...]:
    """What would take each change back, last one first, with what stands in the way; `kept` as `inverse` has it."""
    lost = _lost(changes, kept)
    return tuple(_undo(change, lost.get(change.address, "")) for change in reversed(changes))


def _undo(change: Change, obstacle: str) -> Undo:
    turned = _inverse(change)
    return Undo(address=change.address, action=turned.action, summary=turned.summary, obstacle=obstacle)


def inverse(plan: Plan, state: State, kept: Mapping[str, ContentRecord] = NOTHING) -> tuple[Plan, tuple[Undo, ...]]:
    """The plan that takes `plan` back, and the changes that it cannot take back.

    `state` is the state after `plan` was applied; the versions to check against come from it.
    `kept` has, by sha256, the contents whose bytes the provider still has: those can come back.
    What cannot be taken back is left out of the plan, and so is what depends on it.
    """
    lost = _lost(plan.changes, kept)
    drafts = [_inverse(change) for change in reversed(plan.changes) if change.address not in lost]
    drafts = [change.model_copy(update=_as_of(change, state, kept)) for change in drafts]
    prior = {address: entry.references for address, entry in state.entries.items()}
    changes = ordered(drafts, prior, kind_names())
    undone = plan.model_copy(
        update={
            **_NO_FACTS,
            "format_version": FORMAT_VERSION,
            "serial": state.serial,
            "changes": changes,
            "drift": (),
            "findings": (),
            "rollback": undoing(changes),
            "notes": (f"this takes back the plan {plan.digest}",),
        }
    )
    left = tuple(_undo(change, lost[change.address]) for change in reversed(plan.changes) if change.address in lost)
    return signed(undone, state.secret_key), left


def _lost(changes: Sequence[Change], kept: Mapping[str, ContentRecord] = NOTHING) -> dict[Address, str]:
    """By address, why what is done to it cannot be taken back: for its own sake, or because of what it depends on."""
    lost = {change.address: reason for change in changes if (reason := _obstacle(change, kept))}
    if not lost:
        return lost
    held_by = _held(changes)
    waiting = list(lost)
    while waiting:
        here = waiting.pop()
        for address in held_by.get(here, ()):
            if address not in lost:
                lost[address] = f"{here} cannot be taken back"
                waiting.append(address)
    return lost


def _held(changes: Sequence[Change]) -> Mapping[Address, Sequence[Address]]:
    """By address, what cannot go back without it: what referred to it before it was deleted, and what was made for it
    to refer to."""
    deleted = {change.address for change in changes if change.after is None}
    made = {change.address for change in changes if change.before is None}
    found: dict[Address, list[Address]] = {}
    for change in changes:
        for address in change.prior_references:
            if address in deleted:
                found.setdefault(address, []).append(change.address)
        for address in change.references:
            if address in made:
                found.setdefault(change.address, []).append(address)
    return found


def _obstacle(change: Change, kept: Mapping[str, ContentRecord]) -> str:
    """Why this change cannot be taken back from what plan and state know, or nothing."""
    if change.action is Action.FORGET:
        return "" if change.before is not None else "it was gone already"
    if change.action is Action.DELETE and any(record.sha256 not in kept for record in change.contents.values()):
        return f"the files of {', '.join(sorted(change.contents))} are not kept: apply the earlier specs instead"
    if change.action is Action.DELETE and _sealed(change.restore):
        return "its secrets are not kept: apply the earlier specs instead"
    for diff in change.diffs if change.action is Action.UPDATE else ():
        if _sealed(diff.before) or (_is_content(diff.before) and diff.before["sha256"] not in kept):
            return f"the earlier {dotted(diff.path)} is not kept: apply the earlier specs instead"
    return ""


def _sealed(value: Any) -> bool:
    """Whether something sealed stands anywhere in the value."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if is_sealed(here):
            return True
        if isinstance(here, Mapping):
            waiting.extend(here.values())
        elif isinstance(here, list | tuple):
            waiting.extend(here)
    return False


def _is_content(value: Any) -> bool:
    return isinstance(value, dict) and "sha256" in value


def _as_of(change: Change, state: State, kept: Mapping[str, ContentRecord]) -> dict[str, Any]:
    """The versions that an inverse change is checked against, and the contents it brings back."""
    entry = state.entries.get(change.address)
    contents = dict(change.contents)
    for diff in change.diffs if change.action is Action.UPDATE else ():
        if _is_content(diff.after):
            contents[dotted(diff.path)] = kept[diff.after["sha256"]]
        elif _is_content(diff.before):
            del contents[dotted(diff.path)]
    etag = (entry.etag if entry else "") or change.etag  # of what state does not know, the plan knows the version
    return {
        "etag": etag if change.before is not None else None,
        "applied_at": entry.applied_at if entry else "",
        "contents": contents,
        "needs": (),
    }


def _inverse(change: Change) -> Change:
    """The opposite change. Its `before` is what this one leaves, its `after` what this one found."""
    match change.action:
        case Action.CREATE:
            return _turned(change, Action.DELETE, after=None)
        case Action.DELETE:
            return _turned(change, Action.CREATE, after=change.restore)
        case Action.UPDATE:
            return _turned(change, Action.UPDATE, after=_as_found(change))
        case Action.SHIFT:
            return _shifted_back(change)
        case Action.ADOPT:
            if change.restore is not None:
                return _remembered_as_before(change, change.restore)
            return _turned(change, Action.FORGET, after=None)
        case Action.FORGET | Action.RETAIN:
            turned = _turned(change, Action.ADOPT, after=change.restore)
            return turned.model_copy(update={"before": change.before})  # neither touched the object


def _remembered_as_before(change: Change, restore: dict[str, Any]) -> Change:
    """State goes back to what it said before it followed the world. Its fields are named, so that whoever carries this
    out does not take what is there now for what bep had applied."""
    paths = dict.fromkeys(path for side in (change.after or {}, restore) for path, _ in leaves(side))
    sides = [(path, value_at(change.after or {}, path), value_at(restore, path)) for path in paths]
    diffs = tuple(
        FieldDiff(path=path, before=None if old is ABSENT else old, after=None if new is ABSENT else new)
        for path, old, new in sides
        if old != new
    )
    summary = f"state only: {diffs_summary(diffs) if diffs else 'guards as before'}"
    return _turned(change, Action.ADOPT, after=restore).model_copy(update={"diffs": diffs, "summary": summary})


def _shifted_back(change: Change) -> Change:
    whole = change.before is None or change.after is None
    after = change.restore if whole else _as_found(change)
    turned = _turned(change, Action.SHIFT, after=after)
    return turned.model_copy(update={"summary": shift_summary(change.after, after)})


def _turned(change: Change, action: Action, *, after: dict[str, Any] | None) -> Change:
    """The change seen from its end. What it made, it takes away; what it set, it sets back."""
    diffs = tuple(_turned_field(diff) for diff in change.diffs)
    word = "shift away" if action is Action.SHIFT and after is None else str(action)
    return change.model_copy(
        update={
            "id": f"{word} {change.address}",
            "action": action,
            "before": change.after,
            "after": after,
            "diffs": diffs,
            "files": (),
            "files_left_out": 0,
            "summary": diffs_summary(diffs) if action is Action.UPDATE else change.summary,
            "references": change.prior_references if after is not None else change.references,
            "prior_references": change.references,
            "guards": change.prior_guards or change.guards,
            "prior_guards": change.guards,
            "restore": change.after if after is None or action is Action.ADOPT else None,
            "reason": "the earlier plan is taken back",
            "origin": Origin.SPEC,
        }
    )


def _turned_field(diff: FieldDiff) -> FieldDiff:
    return diff.model_copy(
        update={"before": diff.after, "after": diff.before, "last_applied": diff.after, "origin": Origin.SPEC}
    )


def _as_found(change: Change) -> dict[str, Any]:
    after: dict[str, Any] = dict(change.after or {})
    for diff in change.diffs:
        after = with_value(after, diff.path, ABSENT if diff.before is None else diff.before)
    return after
