"""State changed by hand: entries set and dropped, whole states put in place. Knows no plan and touches no object.

The caller holds the lock. Every function leaves the old state or the new one, whenever it is killed.
"""

from collections.abc import Mapping
from pathlib import Path

from bep.planner.formats.statefile import decode
from bep.planner.state import Entry, State
from bep.providers.state.backups import as_text
from bep.providers.state.place import Where
from bep.providers.state.session import Session
from bep.providers.state.store import Store
from bep.schemas.address import Address
from bep.schemas.next_step import Advised, again, step


class PushRefused(Advised):
    """The state to be put in place does not follow the one that is there. `reasons` are sentences with both values."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        lines = "\n".join(f"  {reason}" for reason in reasons)
        look, force = step("state pull"), again(force=True)
        self.advise((look, force))
        super().__init__(
            f"the state was not put in place; nothing was changed\n{lines}\n"
            f"    fix: {look} shows the state that is there; {force} puts yours in its place,"
            " and keeps a copy of what it replaces"
        )


def set_entries(session: Session, entries: Mapping[Address, Entry | None]) -> State:
    """Set these entries, drop those that are None, as one new snapshot. Nothing of the session may be pending.

    Raises `StateReplaced` and `StateNotWritten`.
    """
    for address, entry in entries.items():
        if entry is None:
            session.state.entries.pop(address, None)
        else:
            session.state.entries[address] = entry
    session.finish()
    return session.state


def push(store: Store, file: Path, *, force: bool = False) -> tuple[State, tuple[Where, ...]]:
    """Put the state in `file` in place: the state now stored, and where what it replaced was kept.

    Without `force` it must be of the same lineage and at least as far along. Raises `PushRefused`, `StateDamaged`
    for a file that is no state, `OSError`, and `StateUnusable` where what is stored cannot be read to compare.
    """
    new = decode(as_text(file.read_bytes()))
    stored = None if force else store.load()
    if stored is not None:
        reasons = _refusals(stored.state, new)
        if reasons:
            raise PushRefused(reasons)
        if stored.state == new and not stored.pending:
            return new, ()
    return new, store.restore(file)


def _refusals(there: State, new: State) -> tuple[str, ...]:
    if new.lineage != there.lineage:
        return (f"lineage: yours is {new.lineage}, the one there is {there.lineage}: they are of different histories",)
    if new.serial < there.serial:
        return (f"serial: yours is {new.serial}, the one there is {there.serial}: yours is older",)
    if new.serial == there.serial and new != there:
        return (f"serial: both are at {new.serial}, and they differ: someone changed the same state twice",)
    return ()
