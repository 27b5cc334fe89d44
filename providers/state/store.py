"""A state and its history, wherever its files are: read as of one moment, begun, mended. Knows no world and no plan.

Beside `state.json` stand `state.json.journal` (what happened since), `state.json.plan` (the plan
last applied), `state.json.lock` and `state.json.backups/`.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bep.disk.durable import At, nowhere
from bep.lazy_dataclasses import dataclass
from bep.planner.formats.journal import Decoded, Intent, decode, fold
from bep.planner.formats.planfile import PlanInvalid
from bep.planner.formats.planfile import decode as decode_plan
from bep.planner.formats.statefile import StateDamaged, encode, format_of
from bep.planner.formats.statefile import decode as decode_state
from bep.planner.plan import Plan
from bep.planner.planning.clear_values import without_clear_values
from bep.planner.state import FORMAT_VERSION, State
from bep.providers.state.backups import Backups, as_text, put_aside, stamp_of
from bep.providers.state.errors import StateNotWritten, StateUnusable
from bep.providers.state.place import JOURNAL, MOVED_FROM, MOVED_TO, PLAN, STATE, HeldLock, Place, Where
from bep.schemas.address import Address
from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.providers.state.applied import AppliedPlans
    from bep.providers.state.holder import Holder
    from bep.providers.state.session import Session

RESTORE = "state restore"
"""The use case that puts a copy back, by its serial or from a file."""
PLAN_AGAIN, MIGRATE = step("plan"), step("state migrate")


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds: the state as of the last record, the intents nobody saw the end of, the plan they are of.

    `notes` say what of it was damaged and left out. `clear` are the entries whose secrets the file has in clear, sealed
    in `state`.
    """

    state: State
    pending: tuple[Intent, ...] = ()
    plan: Plan | None = None
    notes: tuple[str, ...] = ()
    clear: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class _Folded:
    state: State
    pending: tuple[Intent, ...]
    journal: Decoded
    clear: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class _Files:
    snapshot: bytes
    journal: bytes
    seen: Hashable


class Store:
    """A state in a place. `clock` gives the time as text."""

    def __init__(self, place: Place, *, clock: Callable[[], str]) -> None:
        self.place = place
        self.backups = Backups(place)
        self._clock = clock
        self._loaded: tuple[Hashable, Hashable] = (None, None)

    @property
    def path(self) -> Where:
        """Where the state is."""
        return self.place.where()

    def acquire(self, *, operation: str, since: str, timeout: float = 0.0) -> HeldLock:
        """Take the lock, waiting at most `timeout` seconds. Raises `StateLocked`. A dead owner's is taken over."""
        return self.place.acquire(operation=operation, since=since, timeout=timeout)

    def holder(self) -> "Holder | None":
        """Who holds the lock; None if nobody does, or a dead process of this machine."""
        return self.place.holder()

    def unlock(self, id: str) -> "Holder":
        """Remove the lock with this id, for an owner that is known to be gone. Raises `NotThatLock`."""
        return self.place.unlock(id)

    @property
    def applied(self) -> "AppliedPlans":
        """The plans that were applied to this state."""
        from bep.providers.state.applied import AppliedPlans

        return AppliedPlans(self.place)

    def kept_plan(self) -> Plan | None:
        """The plan last applied to this state; None where it is not there or cannot be trusted."""
        return kept_plan(self.place)

    def load(self) -> Stored | None:
        """What is stored, without a lock and without writing; None where no state was ever kept.

        Raises `StateUnusable` for a file that is gone, empty, cut short, edited or from a newer bep.
        """
        self._loaded = self._traces()
        files = self._read()
        if files is None:
            return None
        found = self._folded(files)
        notes = (*self._damage(found.journal), *self._in_clear(found.clear, "the next apply seals them"))
        plan = kept_plan(self.place) if found.pending else None
        return Stored(found.state, found.pending, plan, notes, found.clear)

    @property
    def is_moving(self) -> bool:
        """Whether someone is changing the state, or has since it was last loaded here."""
        return self.holder() is not None or self._traces() != self._loaded

    def _traces(self) -> tuple[Hashable, Hashable]:
        return self.place.version(STATE), self.place.version(JOURNAL)

    def load_or_create(self, new: Callable[[], State]) -> Stored:
        """What is stored; where nothing is, `new()` is stored first. Of two who create at once both get the same."""
        found = self.load()
        if found is not None:
            return found
        with suppress(FileExistsError):
            self.place.create(STATE, encode(new()).encode())
        found = self.load()
        assert found is not None
        return found

    def begin(self, holder: "Holder | None" = None) -> "Session":
        """Open the state for changes. The caller holds its lock, as `holder` says to whoever asks later.

        Raises `StateUnusable` and `StateNotWritten`.
        """
        from bep.providers.state.session import Session

        files = self._read()
        if files is None:
            raise StateUnusable(self.path, "there is no state yet", f"{PLAN_AGAIN} begins one", PLAN_AGAIN)
        found = self._folded(files)
        state, pending, journal = found.state, found.pending, found.journal
        notes = self._damage(journal)
        try:
            if journal.damaged:
                self._mend(journal)
            if not self.backups.has(state.serial):
                self.backups.add(state.serial, files.snapshot)
            written = format_of(as_text(files.snapshot))
            if written != FORMAT_VERSION:
                self._keep_copy(files, written)
            if written != FORMAT_VERSION or found.clear:
                notes = (*notes, *self._sealed(found.clear))
            if written != FORMAT_VERSION:
                files, notes = self._brought_up_to_date(files), (*notes, self._kept(written))
            opened = self.place.journal(_still_needed(journal, state))
        except OSError as error:
            raise StateNotWritten(self.path, error) from error
        return Session(self.place, state, pending, opened, files.seen, notes, holder)

    def _keep_copy(self, files: _Files, written: int) -> None:
        with suppress(FileExistsError):
            self.place.create(_copy_of_format(written), files.snapshot)

    def _brought_up_to_date(self, files: _Files) -> _Files:
        """The snapshot in today's format, ahead of any record: an earlier bep refuses it by number from then on."""
        state, _ = without_clear_values(decode_state(as_text(files.snapshot)))
        data = encode(state).encode()
        return _Files(data, files.journal, self.place.write(STATE, data))

    def _kept(self, written: int) -> str:
        kept = self.place.where(_copy_of_format(written))
        return f"{self.path} is of format {FORMAT_VERSION} from now on; as it was, of format {written}, it is {kept}"

    def _mend(self, journal: Decoded) -> None:
        """Leave the sound lines alone in the journal, a copy of the whole beside it. A kill leaves one or the other."""
        put_aside(self.place, JOURNAL, stamp_of(self._clock()))
        self.place.write(JOURNAL, journal.sound)

    def _in_clear(self, clear: tuple[Address, ...], what: str) -> tuple[str, ...]:
        if not clear:
            return ()
        return (
            f"{self.path}: an earlier bep kept secrets of {', '.join(clear[:5])}{', ...' * (len(clear) > 5)} in clear;"
            f" {what}. Plans and copies kept elsewhere may have them: delete these, and have the secrets replaced where"
            " they came from",
        )

    def _sealed(self, clear: tuple[Address, ...]) -> tuple[str, ...]:
        """Seal the copies ahead of the state: a kill in between leaves a state of which they are sealed again."""
        from bep.providers.state.sealing_copies import seal_copies

        copies = seal_copies(self.place)
        also = f", and so are those in {copies.sealed} copies of it" if copies.sealed else ""
        notes = self._in_clear(clear, f"they are sealed now{also}")
        if copies.sealed and not clear:
            notes = (f"{self.path}: secrets that {copies.sealed} copies of it had in clear are sealed now",)
        if copies.unreadable and (clear or copies.sealed):
            files = " ".join(map(str, copies.unreadable))
            notes = (*notes, f"what cannot be read may have them too; delete it: rm {files}")
        return notes

    def _damage(self, journal: Decoded) -> tuple[str, ...]:
        if not journal.damaged:
            return ()
        lines = ", ".join(map(str, journal.damaged[:10])) + (", ..." if len(journal.damaged) > 10 else "")
        return (
            f"{self.place.where(JOURNAL)}: left out what cannot be read, line {lines}; the {len(journal.records)} other"
            " records count. An import of all that exists takes over what was made and is in no record",
        )

    def restore(self, source: int | Path) -> tuple[Where, ...]:
        """Put the copy of a serial, or any good state file, in place. The caller holds the lock.

        What it replaces is kept under names that say so; these are returned. A journal that does
        not belong to what is restored is put aside with it. Raises `StateUnusable` for a copy that is no better.
        """
        path = self.backups.where(source) if isinstance(source, int) else source
        data = self.place.read(self.backups.part(source)) if isinstance(source, int) else _bytes_of(source)
        if data is None:
            raise StateUnusable(path, "there is no such file", *self._fix())
        try:
            state = decode_state(as_text(data))
        except StateDamaged as damage:
            raise StateUnusable(path, damage.reason, *self._fix()) from None
        stamp = stamp_of(self._clock())
        aside = [put_aside(self.place, STATE, stamp)]
        self.place.write(STATE, data)
        if not self._belongs(state):
            aside.append(put_aside(self.place, JOURNAL, stamp))
            self.place.remove(JOURNAL)
        return tuple(kept for kept in aside if kept is not None)

    def _belongs(self, state: State) -> bool:
        try:
            fold(state, decode(self.place.read(JOURNAL) or b"").records)
        except StateDamaged:
            return False
        return True

    def _read(self) -> _Files | None:
        """Snapshot and journal of one moment, although an apply may be folding one into the other."""
        while True:
            seen = self.place.version(STATE)
            if seen is None:
                self._check_never_was()
                return None
            snapshot, journal = self.place.read(STATE) or b"", self.place.read(JOURNAL) or b""
            if self.place.version(STATE) == seen:
                return _Files(snapshot, journal, seen)

    def _check_never_was(self) -> None:
        if (moved_from := self.place.read(MOVED_FROM)) is not None:
            reason = f"the state was to be moved here from {as_text(moved_from)}, and that was interrupted"
            raise StateUnusable(self.path, reason, f"{MIGRATE} goes on with it", MIGRATE)
        if (moved_to := self.place.read(MOVED_TO)) is not None:
            reason, fix = f"the state was moved to {as_text(moved_to)}", "let bep.yml name that place under 'state'"
            raise StateUnusable(self.path, reason, fix)
        if self.backups.serials() or self.place.read(JOURNAL):
            raise StateUnusable(self.path, "the state file is gone, but there was one", *self._fix())

    def _folded(self, files: _Files) -> _Folded:
        try:
            snapshot = decode_state(as_text(files.snapshot))
        except StateDamaged as damage:
            raise StateUnusable(self.path, f"not read: {damage.reason}", *self._fix(damage.reason)) from None
        try:
            journal = decode(files.journal)
            state, pending = fold(snapshot, journal.records)
        except StateDamaged as damage:
            raise StateUnusable(self.path, f"not read: {damage.reason}", *self._fix()) from None
        state, clear = without_clear_values(state)
        return _Folded(state, pending, journal, clear)

    def _fix(self, reason: str = "") -> tuple[str, *tuple[Step, ...]]:
        """What mends it, and the steps that it speaks of."""
        if "this bep reads up to" in reason:
            return ("use the bep that wrote it, or a newer one",)
        with suppress(PermissionError):
            for state in self.backups.good():
                copy = self.backups.where(state.serial)
                put_back = step(RESTORE, state.serial)
                return f"{put_back}    (a good copy, of {len(state.entries)} resources, is {copy})", put_back
        put_back = step(RESTORE, "FILE")
        return f"no good copy is left in {self.backups.folder}; {put_back} takes a copy you have elsewhere", put_back


def _still_needed(journal: Decoded, state: State) -> int:
    """How many bytes of a journal count: none, once all of it is in the snapshot."""
    return journal.length if any(record.serial == state.serial for record in journal.records) else 0


def kept_plan(place: Place) -> Plan | None:
    """The plan last applied to the state of a place; None where it is not there or cannot be trusted."""
    try:
        found = place.read(PLAN)
        return decode_plan(found.decode()) if found is not None else None
    except (OSError, ValueError, PlanInvalid):
        return None


def _copy_of_format(written: int) -> str:
    return f".format-{written}"


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


class FileStore(Store):
    """A state in a file and those beside it. `at` is told each step ahead of it, for tests."""

    def __init__(self, path: Path, *, clock: Callable[[], str], at: At = nowhere) -> None:
        from bep.providers.state.file_place import FilePlace

        super().__init__(FilePlace(path, at=at), clock=clock)
