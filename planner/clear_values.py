"""Secrets that a state holds in clear because an earlier bep did not know them for secrets. Pure; opens no file."""

from typing import Any

from bep.planner.state import State
from bep.schemas.address import Address
from bep.schemas.recognising import secrets_sealed

_FIELDS = ("attributes", "observed")


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
