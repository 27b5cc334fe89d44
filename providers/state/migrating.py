"""A state moved from one place to another without a moment in which both have it. Knows no world and no plan.

Whoever still opens the old place is told where it went. A process that is killed on the way leaves one of the two with
the state, or for a moment neither and its bytes under another name: moving again goes on from there.
"""

from bep.planner.formats.statefile import StateDamaged, decode, encode
from bep.planner.state import State
from bep.providers.state.applied import APPLIED
from bep.providers.state.backups import as_text
from bep.providers.state.place import JOURNAL, MOVED, MOVED_FROM, MOVED_TO, PLAN, STATE
from bep.providers.state.store import Store


class NothingToMove(Exception):
    """The old place has no state, and the new one none that came from there."""


class MoveRefused(Exception):
    """Moving would lose something. The message says what, and what to do first."""


def migrate(old: Store, new: Store) -> State:
    """Move the state, with its copies; what is at the new place then. The caller holds both locks.

    Raises `NothingToMove`, `MoveRefused`, `StateUnusable`, and `OSError` for what a place does not take.
    """
    data = _to_move(old, new)
    if data is not None:
        new.place.write(MOVED_FROM, str(old.path).encode())
        old.place.write(MOVED, data)
        old.place.write(MOVED_TO, str(new.path).encode())
        old.place.remove(STATE)
        old.place.remove(JOURNAL)
        new.place.create(STATE, data)
    elif not _came_from(old, new):
        raise NothingToMove(f"there is no state at {old.path}")
    _copy_copies(old, new)
    for part in (MOVED_TO, MOVED, MOVED_FROM):
        new.place.remove(part)
    found = new.load()
    assert found is not None
    return found.state


def _to_move(old: Store, new: Store) -> bytes | None:
    """The bytes to put in the new place; None where they are there already."""
    if _came_from(old, new):
        return None if new.place.version(STATE) is not None else old.place.read(MOVED)
    stored = old.load()
    if stored is None:
        return None
    if stored.pending:
        raise MoveRefused(
            f"{old.path}: an apply was interrupted, and how it ended is not recorded yet\n"
            "    fix: let bep.yml name that place once more, and apply; then move"
        )
    if new.place.version(STATE) is not None:
        raise MoveRefused(
            f"{new.path}: a state is there already, and one of them would be lost\n"
            "    fix: choose a place that has none, or take away the one that is not needed"
        )
    return encode(stored.state).encode()


def _came_from(old: Store, new: Store) -> bool:
    return old.place.version(STATE) is None and old.place.read(MOVED_TO) == str(new.path).encode()


def _copy_copies(old: Store, new: Store) -> None:
    """Copies of earlier states follow, and the plans that were applied; damaged copies stay where they are."""
    if plan := old.place.read(PLAN):
        new.place.write(PLAN, plan)
    for part in old.place.parts(APPLIED):
        if new.place.version(part) is None and (kept := old.place.read(part)):
            new.place.write(part, kept)
    for serial in old.backups.serials():
        part = old.backups.part(serial)
        data = old.place.read(part)
        if data is None or new.place.version(part) is not None:
            continue
        try:
            decode(as_text(data))
        except StateDamaged:
            continue
        new.place.write(part, data)
