"""Secrets that a state or a plan holds in clear because an earlier bep did not know them. Pure; opens no file."""

import json
from collections.abc import Iterator
from typing import Any, Final

from bep.planner.formats.statefile import decode, text_of
from bep.planner.plan import Change, FieldDiff, Plan
from bep.planner.state import State
from bep.schemas.address import Address
from bep.schemas.secrets.recognising import secrets_kept, secrets_sealed, without

_FIELDS: Final = ("attributes", "observed")
SHOWN: Final = "(sensitive)"


def without_clear_values(state: State) -> tuple[State, tuple[Address, ...]]:
    """The state with a seal in place of each, and the addresses that had any. Guards say what is kept in clear."""
    changed = {}
    for address, entry in state.entries.items():
        update: dict[str, Any] = {}
        for name in _FIELDS:
            value = getattr(entry, name)
            kept = secrets_sealed(value, entry.guards.not_secret, state.secret_key)
            if kept is not value:
                update[name] = kept
        if update:
            changed[address] = entry.model_copy(update=update)
    if not changed:
        return state, ()
    return state.model_copy(update={"entries": {**state.entries, **changed}}), tuple(sorted(changed))


def without_clear_text(text: str) -> str:
    """The text of a state, in the format that it has, with a seal in place of each. Raises `StateDamaged`."""
    state = decode(text)
    sealed, clear = without_clear_values(state)
    if not clear:
        return text
    members = json.loads(text)
    del members["digest"]
    for address in clear:
        members["entries"][address] |= {name: getattr(sealed.entries[address], name) for name in _FIELDS}
    return text_of(members)


def to_be_shown(plan: Plan) -> tuple[Plan, bool]:
    """A plan as it may be shown, and whether it has secrets in clear: one that an earlier bep made."""
    clear = {text for change in plan.changes for text in _clear_in(change)}
    clear |= {text for drift in plan.drift for diff in drift.diffs for text in _clear_in_diff(diff, ())}
    if not clear:
        return plan, False
    return Plan.model_validate(_without(clear, plan.model_dump(mode="json"))), True


def _clear_in(change: Change) -> Iterator[str]:
    excused = change.guards.not_secret + (change.prior_guards.not_secret if change.prior_guards else ())
    for value in (change.before, change.after, change.restore):
        yield from secrets_kept(value, excused)
    for diff in change.diffs:
        yield from _clear_in_diff(diff, excused)


def _clear_in_diff(diff: FieldDiff, excused: tuple[str, ...]) -> Iterator[str]:
    for value in (diff.before, diff.after, diff.last_applied):
        yield from secrets_kept(value, excused, diff.path)


def _without(clear: set[str], value: Any) -> Any:
    if isinstance(value, str):
        return SHOWN if value in clear else without(clear, value)
    if isinstance(value, dict):
        return {name: _without(clear, item) for name, item in value.items()}
    return [_without(clear, item) for item in value] if isinstance(value, list | tuple) else value
