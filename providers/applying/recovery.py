"""After an interrupted apply: what became of the changes that were begun. Reads the world, writes only records.

The provider leaves the id of an operation on what it makes, so one look tells whether it was made. What takes its time
left a token in the journal: then the operation is gone on with, and not begun again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from bep.lazy_dataclasses import dataclass
from bep.planner.formats.journal import Intent, Outcome, fold
from bep.planner.observed import Condition, Observed
from bep.planner.plan import Action, Change, Plan
from bep.planner.state import Entry, State
from bep.providers.applying.entries import entry_beside, entry_of, found_entry
from bep.providers.applying.records import touched_of
from bep.providers.applying.waiting import Unfinished, resumed, settled
from bep.providers.protocol import Done, Provider
from bep.providers.state.session import Session
from bep.providers.state.store import Stored, kept_plan
from bep.schemas.address import Address

PATIENCE = 1800.0
"""Seconds that an apply waits for each operation which an interrupted one began."""

DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "changing",
    Action.DELETE: "deleting",
    Action.SHIFT: "moving the traffic of",
    Action.ADOPT: "adopting",
    Action.FORGET: "forgetting",
    Action.RETAIN: "retaining",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """How each begun change ended, as records; and the same for people, one sentence each. What has not ended yet."""

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    unfinished: tuple[Unfinished, ...] = ()


@dataclass(frozen=True, slots=True)
class _Begun:
    intent: Intent
    change: Change | None
    entry: Entry | None
    observed: Observed | None


def resolve(
    state: State,
    pending: Sequence[Intent],
    plan: Plan | None,
    provider: Provider,
    clock: Callable[[], str],
    *,
    patience: float = 0.0,
) -> Recovery:
    """Say what became of every intent without an outcome: by its token where it has one, else by looking at its object.

    Made by this very operation: done. Not there, or still what state knows: not done, and the
    next plan sees that. Someone else's by now: not done, said as a conflict, and left alone. Made and failed: bep's,
    and of no version, so that the next plan replaces it. Still under way after `patience` seconds: left open.
    Raises `ProviderError` where the world cannot be read.
    """
    if not pending:
        return Recovery((), ())
    ends = _ends(pending, provider, time.monotonic() + patience)
    changes = {change.id: change for change in plan.changes} if plan else {}
    outcomes: list[Outcome] = []
    notes = []
    for intent in pending:
        change = changes.get(intent.change) if plan and plan.digest == intent.plan else None
        address, end = intent.address, ends[intent.operation]
        if isinstance(end, Unfinished):
            what = end.message
        else:
            outcomes.extend(_touched(state, end.touched, clock()))
            done, entry, what = _became(_Begun(intent, change, state.entries.get(address), end.observed))
            outcomes.append(_outcome(intent, done, entry, what, clock()))
        notes.append(f"bep was interrupted at {intent.at} while {DOING[intent.action]} {address}: {what}")
    left = tuple(end for end in ends.values() if isinstance(end, Unfinished))
    return Recovery(tuple(outcomes), tuple(notes), left)


def _ends(pending: Sequence[Intent], provider: Provider, until: float) -> Mapping[str, Done | Unfinished]:
    """By operation, what is there now that it is through; those without a token are looked at in one call."""
    ends: dict[str, Done | Unfinished] = {}
    for intent in pending:
        if intent.token and (end := _resumed(intent, provider, until)):
            ends[intent.operation] = end
    unseen = [intent for intent in pending if intent.operation not in ends]
    observed = provider.read(sorted({intent.address for intent in unseen})) if unseen else {}
    for intent in unseen:
        ends[intent.operation] = _looked_at(intent, observed.get(intent.address), provider, until)
    return ends


def _resumed(intent: Intent, provider: Provider, until: float) -> Done | Unfinished | None:
    try:
        return resumed(provider, intent.address, intent.token, until=until)
    except Unfinished as unfinished:
        return unfinished


def _looked_at(intent: Intent, there: Observed | None, provider: Provider, until: float) -> Done | Unfinished:
    """An object that this operation made is waited for until the world is through with it."""
    if there is None or there.operation != intent.operation or there.condition is not Condition.PROGRESSING:
        return Done(there)
    try:
        return Done(settled(provider, intent.address, there, until=until))
    except Unfinished as unfinished:
        return unfinished


def _touched(state: State, touched: Mapping[Address, Observed], now: str) -> Iterator[Outcome]:
    for address, seen in touched.items():
        if outcome := touched_of(state, address, seen, now):
            yield outcome


def recover(session: Session, provider: Provider, clock: Callable[[], str]) -> tuple[str, ...]:
    """Resolve what a session found begun, record it, and say it. Raises as `resolve` and `Session.write`, and
    `Unfinished` where something is still under way after `PATIENCE`: nothing else can be begun on top of it."""
    pending = tuple(session.pending.values())
    plan = kept_plan(session.place) if pending else None
    found = resolve(session.state, pending, plan, provider, clock, patience=PATIENCE)
    session.write(found.outcomes)
    if found.unfinished:
        raise found.unfinished[0]
    return (*session.notes, *found.notes)


def recovered(
    stored: Stored, provider: Provider, clock: Callable[[], str], patience: float = 0.0
) -> tuple[State, tuple[str, ...]]:
    """The state as `recover` would leave it, and its notes, with nothing written: for a plan.

    With `patience` what is still under way is waited for, and `Unfinished` raised when that takes longer.
    """
    found = resolve(stored.state, stored.pending, stored.plan, provider, clock, patience=patience)
    if patience and found.unfinished:
        raise found.unfinished[0]
    return fold(stored.state, found.outcomes)[0], (*stored.notes, *found.notes)


def _became(begun: _Begun) -> tuple[bool, Entry | None, str]:
    """Whether it was done, the entry if there is one now, and a sentence's end."""
    intent, observed, entry = begun.intent, begun.observed, begun.entry
    if intent.by:
        return _became_beside(begun)
    made_at = intent.at  # not the time of looking: a plan looks too, and the apply of that plan must find the same
    if _removes(begun):
        return _became_of_removal(begun)
    if observed is None:
        return False, None, "it had not been made"
    if observed.operation == intent.operation:
        if observed.condition is Condition.FAILED:
            return _became_of_failure(begun, observed)
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


def _became_beside(begun: _Begun) -> tuple[bool, Entry | None, str]:
    """What somebody had asked for beside the specs: the next plan shows what was done, and done again it is not."""
    intent, observed = begun.intent, begun.observed
    done = observed is None if intent.removes else observed is not None and observed.operation == intent.operation
    if not done:
        return False, None, f"{intent.by} had asked for it through the server, and it was not done"
    entry = entry_beside(intent.address, observed, begun.entry, intent.by, intent.at)
    return True, entry, f"{intent.by} had asked for it through the server, and it was done; the next plan shows it"


def _became_of_failure(begun: _Begun, observed: Observed) -> tuple[bool, Entry | None, str]:
    """What was made and failed is bep's to replace; what failed to change stays as state has it."""
    intent, why = begun.intent, observed.why or "nothing says why"
    if begun.entry is not None:
        return False, None, f"it failed ({why}); the next plan shows it"
    made = found_entry(intent.address, observed, None, intent.at)
    if begun.change is not None:
        made = entry_of(begun.change, observed, intent.operation, intent.at)
    return True, made.model_copy(update={"etag": ""}), f"it was made and failed ({why}); the next plan replaces it"


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
