"""Where a state is kept: a file, its journal, and the copies of those before it. Knows no world and no plan.

Beside `state.json` stand `state.json.journal` (what happened since), `state.json.plan` (the plan
last applied), `state.json.lock` and `state.json.backups/`. A link is followed: all stand beside its target.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bep.disk.durable import At, create_durably, make_folder, nowhere, sync_folder, write_durably
from bep.lazy_dataclasses import dataclass
from bep.planner.formats.journal import Decoded, Intent, decode, fold
from bep.planner.formats.statefile import StateDamaged, encode, format_of
from bep.planner.formats.statefile import decode as decode_state
from bep.planner.plan import Plan
from bep.planner.planning.clear_values import without_clear_values
from bep.planner.state import FORMAT_VERSION, State
from bep.providers.state.backups import Backups, as_text, put_aside, read_state, stamp_of
from bep.providers.state.errors import StateNotWritten, StateUnusable
from bep.providers.state.journal_file import JournalFile
from bep.providers.state.locking import running_apply
from bep.providers.state.sealing_copies import seal_copies
from bep.providers.state.session import Identity, Session, identity, kept_plan
from bep.schemas.address import Address
from bep.schemas.next_step import Step, step

RESTORE = "state restore"
"""The use case that puts a copy back, by its serial or from a file."""
PLAN = step("plan")


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
    seen: tuple[int, int, int, int] | None


class FileStore:
    """A state in a file. `clock` gives the time as text; `at` is told each step ahead of it, for tests."""

    def __init__(self, path: Path, *, clock: Callable[[], str], at: At = nowhere) -> None:
        self.path = Path(os.path.realpath(path))
        self._clock = clock
        self._at = at
        self._journal = self.path.with_name(self.path.name + ".journal")
        self.backups = Backups(self.path, at=at)
        self._loaded: tuple[Identity | None, Identity | None] = (None, None)

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
        plan = kept_plan(self.path) if found.pending else None
        return Stored(found.state, found.pending, plan, notes, found.clear)

    @property
    def is_moving(self) -> bool:
        """Whether someone is changing the state, or has since it was last loaded here."""
        return running_apply(self.path) is not None or self._traces() != self._loaded

    def _traces(self) -> tuple[Identity | None, Identity | None]:
        return identity(self.path), identity(self._journal)

    def load_or_create(self, new: Callable[[], State]) -> Stored:
        """What is stored; where nothing is, `new()` is stored first. Of two who create at once both get the same."""
        found = self.load()
        if found is not None:
            return found
        make_folder(self.path.parent)
        with suppress(FileExistsError):
            create_durably(self.path, encode(new()).encode(), at=self._at)
        found = self.load()
        assert found is not None
        return found

    def begin(self) -> Session:
        """Open the state for changes. The caller holds its lock. Raises `StateUnusable` and `StateNotWritten`."""
        files = self._read()
        if files is None:
            raise StateUnusable(self.path, "there is no state yet", f"{PLAN} begins one", PLAN)
        found = self._folded(files)
        state, pending, journal = found.state, found.pending, found.journal
        notes = self._damage(journal)
        try:
            if journal.damaged:
                self._mend(journal)
            if not self.backups.path(state.serial).exists():
                self.backups.add(state.serial, files.snapshot)
            written = format_of(as_text(files.snapshot))
            if written != FORMAT_VERSION:
                self._keep_copy(files, written)
            if written != FORMAT_VERSION or found.clear:
                notes = (*notes, *self._sealed(found.clear))
            if written != FORMAT_VERSION:
                files, notes = self._brought_up_to_date(files), (*notes, self._kept(written))
            opened = JournalFile(self._journal, _still_needed(journal, state), at=self._at)
        except OSError as error:
            raise StateNotWritten(self.path, error) from error
        return Session(self.path, state, pending, opened, files.seen, self._at, notes)

    def _keep_copy(self, files: _Files, written: int) -> None:
        with suppress(FileExistsError):
            create_durably(self._copy_of_format(written), files.snapshot, at=self._at)

    def _brought_up_to_date(self, files: _Files) -> _Files:
        """The snapshot in today's format, ahead of any record: an earlier bep refuses it by number from then on."""
        state, _ = without_clear_values(decode_state(as_text(files.snapshot)))
        data = encode(state).encode()
        write_durably(self.path, data, at=self._at)
        return _Files(data, files.journal, identity(self.path))

    def _copy_of_format(self, written: int) -> Path:
        return self.path.with_name(f"{self.path.name}.format-{written}")

    def _kept(self, written: int) -> str:
        kept = self._copy_of_format(written)
        return f"{self.path} is of format {FORMAT_VERSION} from now on; as it was, of format {written}, it is {kept}"

    def _mend(self, journal: Decoded) -> None:
        """Leave the sound lines alone in the journal, a copy of the whole beside it. A kill leaves one or the other."""
        put_aside(self._journal, stamp_of(self._clock()))
        write_durably(self._journal, journal.sound, at=self._at)

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
        copies = seal_copies(self.path, at=self._at)
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
            f"{self._journal}: left out what cannot be read, line {lines}; the {len(journal.records)} other records "
            "count. An import of all that exists takes over what was made and is in no record",
        )

    def restore(self, source: int | Path) -> tuple[Path, ...]:
        """Put the copy of a serial, or any good state file, in place. The caller holds the lock.

        What it replaces is kept under names that say so; these are returned. A journal that does
        not belong to what is restored is put aside with it. Raises `StateUnusable` for a copy that is no better.
        """
        path = self.backups.path(source) if isinstance(source, int) else source
        try:
            state, data = read_state(path), path.read_bytes()
        except FileNotFoundError:
            raise StateUnusable(path, "there is no such file", *self._fix()) from None
        except StateDamaged as damage:
            raise StateUnusable(path, damage.reason, *self._fix()) from None
        stamp = stamp_of(self._clock())
        aside = [put_aside(self.path, stamp)]
        make_folder(self.path.parent)
        write_durably(self.path, data, at=self._at)
        if not self._belongs(state):
            aside.append(put_aside(self._journal, stamp))
            self._journal.unlink()
            sync_folder(self.path.parent)
        return tuple(kept for kept in aside if kept is not None)

    def _belongs(self, state: State) -> bool:
        try:
            fold(state, decode(_bytes_of(self._journal)).records)
        except StateDamaged:
            return False
        return True

    def _read(self) -> _Files | None:
        """Snapshot and journal of one moment, although an apply may be folding one into the other."""
        while True:
            seen = identity(self.path)
            if seen is None:
                self._check_never_was()
                return None
            snapshot, journal = _bytes_of(self.path), _bytes_of(self._journal)
            if identity(self.path) == seen:
                return _Files(snapshot, journal, seen)

    def _check_never_was(self) -> None:
        if self.backups.serials() or _bytes_of(self._journal):
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
                copy = self.backups.path(state.serial)
                put_back = step(RESTORE, state.serial)
                return f"{put_back}    (a good copy, of {len(state.entries)} resources, is {copy})", put_back
        put_back = step(RESTORE, "FILE")
        return f"no good copy is left in {self.backups.folder}; {put_back} takes a copy you have elsewhere", put_back


def _still_needed(journal: Decoded, state: State) -> int:
    """How many bytes of a journal count: none, once all of it is in the snapshot."""
    return journal.length if any(record.serial == state.serial for record in journal.records) else 0


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
