"""What is written in the journal before and after a call. Pure; `Session` makes it durable."""

from bep.planner.formats.journal import Intent, Outcome
from bep.planner.observed import Observed
from bep.planner.plan import Change, Plan
from bep.planner.state import Entry, State
from bep.schemas.address import Address


def intent_of(change: Change, plan: Plan, state: State, operation: str, at: str, by: str = "") -> Intent:
    """This change of this plan is about to be made, under this id; `by` somebody, where it is beside the specs."""
    return Intent(
        lineage=state.lineage,
        serial=state.serial,
        operation=operation,
        address=change.address,
        action=change.action,
        change=change.id,
        plan=plan.digest,
        at=at,
        by=by,
        removes=bool(by) and change.after is None,
    )


def touched_of(state: State, address: Address, observed: Observed, at: str) -> Outcome | None:
    """Another object that a write changed, as state knows it from now on; None for one that state does not have."""
    entry = state.entries.get(address)
    if entry is None:
        return None
    now = entry.model_copy(update={"etag": observed.etag, "observed": observed.attributes})
    return Outcome(
        lineage=state.lineage, serial=state.serial, operation="", address=address, status="done", entry=now, at=at
    )


def done_of(change: Change, state: State, operation: str, entry: Entry | None, at: str) -> Outcome:
    """It was made: it is so now, or, without an entry, it is gone."""
    return Outcome(
        lineage=state.lineage,
        serial=state.serial,
        operation=operation,
        address=change.address,
        status="done",
        entry=entry,
        at=at,
    )


def failed_of(change: Change, state: State, operation: str, error: str, at: str) -> Outcome:
    """It was not made, and nothing in state changes."""
    return Outcome(
        lineage=state.lineage,
        serial=state.serial,
        operation=operation,
        address=change.address,
        status="failed",
        error=error,
        at=at,
    )
