"""After an interrupted apply: what became of the changes that were begun. Reads the world, writes only records.

The provider leaves the id of an operation on what it makes, so one look tells whether it was made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bep.planner.formats.journal import Intent, Outcome, fold
from bep.planner.observed import Observed
from bep.planner.plan import Action, Change, Plan
from bep.planner.state import Entry, State
from bep.providers.applying.entries import entry_of, found_entry
from bep.providers.protocol import Provider
from bep.providers.state.file_store import Stored
from bep.providers.state.session import Session, kept_plan

DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "changing",
    Action.DELETE: "deleting",
    Action.SHIFT: "moving the traffic of",
    Action.ADOPT: "adopting",
    Action.FORGET: "forgetting",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """How each begun change ended, as records; and the same for people, one sentence each."""

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Begun:
    intent: Intent
    change: Change | None
    entry: Entry | None
    observed: Observed | None


def resolve(
    state: State, pending: Sequence[Intent], plan: Plan | None, provider: Provider, clock: Callable[[], str]
) -> Recovery:
    """Look at the object of every intent without an outcome, in one call, and say what became of it.

    Made by this very operation: done. Not there, or still what state knows: not done, and the
    next plan sees that. Someone else's by now: not done, said as a conflict, and left alone.
    Raises `ProviderError` where the world cannot be read.
    """
    if not pending:
        return Recovery((), ())
    observed = provider.read(sorted({intent.address for intent in pending}))
    changes = {change.id: change for change in plan.changes} if plan else {}
    outcomes, notes = [], []
    for intent in pending:
        change = changes.get(intent.change) if plan and plan.digest == intent.plan else None
        address = intent.address
        begun = _Begun(intent, change, state.entries.get(address), observed.get(address))
        done, entry, what = _became(begun)
        outcomes.append(_outcome(intent, done, entry, what, clock()))
        notes.append(f"bep was interrupted at {intent.at} while {DOING[intent.action]} {address}: {what}")
    return Recovery(tuple(outcomes), tuple(notes))


def recover(session: Session, provider: Provider, clock: Callable[[], str]) -> tuple[str, ...]:
    """Resolve what a session found begun, record it, and say it. Raises as `resolve` and `Session.write`."""
    pending = tuple(session.pending.values())
    found = resolve(session.state, pending, kept_plan(session.path) if pending else None, provider, clock)
    session.write(found.outcomes)
    return (*session.notes, *found.notes)


def recovered(stored: Stored, provider: Provider, clock: Callable[[], str]) -> tuple[State, tuple[str, ...]]:
    """The state as `recover` would leave it, and its notes, with nothing written: for a plan."""
    found = resolve(stored.state, stored.pending, stored.plan, provider, clock)
    return fold(stored.state, found.outcomes)[0], (*stored.notes, *found.notes)


def _became(begun: _Begun) -> tuple[bool, Entry | None, str]:
    """Whether it was done, the entry if there is one now, and a sentence's end."""
    intent, observed, entry = begun.intent, begun.observed, begun.entry
    made_at = intent.at  # not the time of looking: a plan looks too, and the apply of that plan must find the same
    if _removes(begun):
        return _became_of_removal(begun)
    if observed is None:
        return False, None, "it had not been made"
    if observed.operation == intent.operation:
        if begun.change is not None:
            return (
                True,
                entry_of(begun.change, observed, intent.operation, made_at),
                "it had been made; taken into state",
            )
        return (
            True,
            found_entry(intent.address, observed, entry, made_at),
            "it had been made; taken into state as it is",
        )
    if entry is not None and entry.etag == observed.etag:
        return False, None, "it had not been changed"
    return False, None, "someone else made or changed it since; it was left as it is, and the next plan shows it"


def _became_of_removal(begun: _Begun) -> tuple[bool, Entry | None, str]:
    if begun.observed is None:
        return True, None, "it was gone; dropped from state"
    if begun.entry is not None and begun.entry.etag == begun.observed.etag:
        return False, None, "it is still there"
    return False, None, "it is still there, changed by someone else since; it was left as it is"


def _removes(begun: _Begun) -> bool:
    if begun.change is not None:
        return begun.change.after is None
    return begun.intent.action is Action.DELETE


def _outcome(intent: Intent, done: bool, entry: Entry | None, what: str, now: str) -> Outcome:
    return Outcome(
        lineage=intent.lineage,
        serial=intent.serial,
        operation=intent.operation,
        address=intent.address,
        status="done" if done else "failed",
        entry=entry,
        error="" if done else what,
        at=now,
    )
