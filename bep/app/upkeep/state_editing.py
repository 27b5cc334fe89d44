"""State changed by hand: the store a command may write to, its lock and its session. Prints nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.errors import Conflict, Refused
from bep.app.workspace.clock import now
from bep.app.workspace.short_names import one_named
from bep.app.workspace.showing import entry_of
from bep.app.workspace.write_access import must_write
from bep.schemas.address import kind_of
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Writing
    from bep.planner.state import Entry, State
    from bep.providers.state.holder import Holder
    from bep.providers.state.session import Session


@contextmanager
def editing(
    opened: "Writing", operation: str, say: Callable[[str], None], *, lock_timeout: float = 0
) -> "Iterator[Session]":
    """The state, locked, with what an interrupted apply had begun looked into and recorded first.

    Raises `DomainError` where there is no state, `StateLocked`, and what reading the world raises.
    """
    from bep.providers.applying.recovery import recover

    must_write(opened)
    store = opened.store
    if store.load() is None:
        raise Refused("there is no state yet: nothing has been applied here")
    with store.acquire(operation=operation, since=now(), timeout=lock_timeout), store.begin() as session:
        for note in recover(session, opened.provider, now):
            say(note)
        yield session


def remove(session: "Session", names: Sequence[str]) -> "list[Entry]":
    """Drop these entries at once; the objects stay. Raises `DomainError` for a name the state does not have."""
    from bep.providers.state.editing import set_entries

    entries = {entry.address: entry for entry in (entry_of(session.state, name) for name in names)}
    set_entries(session, dict.fromkeys(entries))
    return list(entries.values())


def move(opened: "Reading", session: "Session", old: str, new: str) -> "Entry":
    """Let the entry of `old` go and take the object `new` into state in its place, guards kept.

    Raises `DomainError` unless `new` is an object of the same kind that exists and is not in state: an address is the
    object's own name, so state follows a renaming and cannot make one.
    """
    from bep.providers.applying.entries import found_entry
    from bep.providers.state.editing import set_entries

    entry = entry_of(session.state, old)
    target = one_named(new, opened.provider.list(kind_of(entry.address)))
    if kind_of(target) != kind_of(entry.address):
        raise Refused(f"{entry.address} and {new} are not of one kind")
    if target in session.state.entries:
        raise Refused(f"{new} is in the state already", next=(step("state rm", new),))
    observed = opened.provider.read([target]).get(target)
    if observed is None:
        raise Refused(
            f"there is no object {new}: an address is the object's own name, so moving an entry follows a renaming"
            " in the world and does not make one\n"
            f"    fix: change the name in the spec; the next plan then makes {new} and removes {entry.address}",
        )
    moved = found_entry(target, observed, entry, now())
    set_entries(session, {target: moved, entry.address: None})
    return moved


def restore(opened: "Writing", source: int | Path) -> "tuple[State, tuple[Path | str, ...]]":
    """Put a kept copy, or a file, in place of the state. Returns what is there now, and where the old one was kept."""

    must_write(opened)
    store = opened.store
    with store.acquire(operation="state restore", since=now()):
        aside = store.restore(source)
    stored = store.load()
    assert stored is not None
    return stored.state, aside


def push(opened: "Writing", file: Path, *, force: bool) -> "tuple[State, tuple[Path | str, ...]]":
    """Put a state from elsewhere in place. Raises `DomainError` when it does not follow the one that is there."""
    from bep.planner.formats.statefile import StateDamaged
    from bep.providers.state.editing import PushRefused
    from bep.providers.state.editing import push as put_in_place

    must_write(opened)
    store = opened.store
    with store.acquire(operation="state push", since=now()):
        try:
            return put_in_place(store, file, force=force)
        except StateDamaged as damage:
            raise Refused(f"{file}: {damage.reason}") from None
        except PushRefused as refused:
            raise Conflict(str(refused), next=refused.next) from None


def migrate(opened: "Writing", source: str, *, lock_timeout: float) -> "tuple[State, Path | str]":
    """Move the state to where bep.yml says that it is now; what is there, and where it came from.

    `source` is where it was: a path, or what bep.yml said under `state`; empty means where it is by default.
    Raises `NothingToDo` where it has been moved, `Refused`, `Conflict`, and `StateLocked` of either place.
    """
    from bep.providers.state.migrating import MoveRefused, NothingToMove
    from bep.providers.state.migrating import migrate as move_it
    from bep.providers.state.stores import Surroundings, open_store

    if opened.workspace.in_other_world:
        raise Refused(f"the state of {opened.workspace.provider} is kept in {opened.home}, and nowhere else")
    must_write(opened)
    new = opened.store
    said = _place_said(source) if source else {"file": f"{opened.workspace.home}/state.json"}
    old = open_store(said, Surroundings(opened.root, opened.home, opened.environment), clock=now)
    if old.path == new.path:
        raise Refused(f"{new.path} is where bep.yml says that the state is: change 'state' there first, then move it")
    with (
        old.acquire(operation="state migrate", since=now(), timeout=lock_timeout),
        new.acquire(operation="state migrate", since=now(), timeout=lock_timeout),
    ):
        try:
            return move_it(old, new), old.path
        except NothingToMove as nothing:
            raise Refused(f"{nothing}\n    fix: name the place where it was") from None
        except MoveRefused as refused:
            raise Conflict(str(refused)) from None


def _place_said(source: str) -> "Mapping[str, Any]":
    """What bep.yml would say of a place: YAML with one of its words, or else a path. Raises `Refused`."""
    import yaml

    from bep.providers.state.stores import PLACES

    try:
        said = yaml.safe_load(source)
    except yaml.YAMLError:
        said = source
    if not isinstance(said, dict):
        return {"file": source}
    if len(said) != 1 or not said.keys() <= PLACES.keys():
        raise Refused(
            f"{source}: it is no place of a state\n    fix: write a path, or one of {', '.join(PLACES)}: {{...}}"
        )
    return said


def copies(opened: "Reading") -> list[dict[str, object]]:
    """The copies of earlier states that can be put back, newest first; damaged ones are left out."""
    store = opened.store
    rows: list[dict[str, object]] = []
    for state in store.backups.good():
        kept = store.backups.written_at(state.serial).strftime("%Y-%m-%dT%H:%M:%SZ")
        file = str(store.backups.where(state.serial))
        rows.append({"serial": state.serial, "resources": len(state.entries), "kept_at": kept, "file": file})
    return rows


def pulled(opened: "Reading") -> str:
    """The whole state as it is kept, what a running apply has recorded included. Raises `Refused` where is none."""
    from bep.planner.formats.statefile import encode

    stored = opened.store.load()
    if stored is None:
        raise Refused("there is no state yet: nothing has been applied here")
    return encode(stored.state)


def unlock(opened: "Writing", id: str) -> "Holder":
    """Take away the lock of that id, whose owner is gone; who it was. Raises `NotThatLock`."""
    return opened.store.unlock(id)
