"""A state that is being changed: every record durable before the next step, one new snapshot at the end.

Belongs to one thread. Knows no provider; it never asks what a record means.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bep.disk.durable import At, create_durably, write_durably
from bep.planner.formats.journal import Intent, Outcome, encode
from bep.planner.formats.planfile import PlanInvalid
from bep.planner.formats.planfile import decode as decode_plan
from bep.planner.formats.statefile import encode as encode_state
from bep.planner.plan import Plan
from bep.planner.state import State
from bep.providers.state.backups import Backups, stamp_of
from bep.providers.state.errors import StateNotWritten, StateReplaced
from bep.providers.state.journal_file import JournalFile
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import seal, sealed_alike

PLANS_REMEMBERED = 20
Identity = tuple[int, int, int, int]


def identity(path: Path) -> Identity | None:
    """What tells a file from another that took its name, or from its own later self; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class Session:
    """`state` is as of the last record, whether or not the disk took it; `pending` the intents without an outcome.

    `notes` say what of the stored state was damaged and left out.
    """

    def __init__(
        self,
        path: Path,
        state: State,
        pending: Sequence[Intent],
        journal: JournalFile,
        seen: Identity | None,
        at: At,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.notes = notes
        self.state = state.model_copy(update={"entries": dict(state.entries)})
        self.pending = {intent.operation: intent for intent in pending}
        self._journal = journal
        self._seen = seen
        self._at = at
        self._backups = Backups(path, at=at)

    def remember(self, plan: Plan) -> None:
        """Keep the plan where recovery looks for what an interrupted change was to make. Raises as `write` does."""
        self._ours()
        try:
            write_durably(plan_path(self.path), plan.model_dump_json().encode(), at=self._at)
        except OSError as error:
            raise StateNotWritten(self.path, error) from error

    def write(self, records: Sequence[Intent | Outcome]) -> None:
        """All the records, durable when this returns, in one write and one sync.

        Raises `StateReplaced` and `StateNotWritten`; outcomes count in `state` even then, for `rescue`.
        """
        if not records:
            return
        self._count([record for record in records if isinstance(record, Outcome)])
        self._ours()
        try:
            self._journal.append([encode(record) for record in records])
        except OSError as error:
            raise StateNotWritten(self.path, error) from error
        self.pending |= {record.operation: record for record in records if isinstance(record, Intent)}

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.pending.pop(outcome.operation, None)
            if outcome.status == "failed":
                continue
            if outcome.entry is None:
                self.state.entries.pop(outcome.address, None)
            else:
                self.state.entries[outcome.address] = outcome.entry

    def seal_literals(self, resources: Iterable[Resource]) -> None:
        """Seal in the next snapshot what entries hold in clear and these resources know to be secrets."""
        key = self.state.secret_key
        for resource in resources:
            entry = self.state.entries.get(resource.address)
            if entry is None:
                continue
            wanted = seal(resource.attributes, key)
            kept = {name: sealed_alike(wanted, getattr(entry, name), key) for name in ("attributes", "observed")}
            if any(kept[name] != getattr(entry, name) for name in kept):
                self.state.entries[resource.address] = entry.model_copy(update=kept)

    def seal(self) -> None:
        """Write the snapshot anew, without what an earlier bep had in clear; a kept plan, which may have it, goes."""
        self.finish()
        if not self.pending:
            plan_path(self.path).unlink(missing_ok=True)

    def finish(self, applied: str = "") -> None:
        """Fold the journal into the next snapshot, which remembers the digest of the plan that was `applied`.

        While an intent is pending the journal stays as it is: that too is a whole state. Raises as
        `write` does; journal and snapshot are then what they were.
        """
        if self.pending:
            return
        self._ours()
        plans = (*self.state.applied_plans, applied)[-PLANS_REMEMBERED:] if applied else self.state.applied_plans
        new = self.state.model_copy(update={"serial": self.state.serial + 1, "applied_plans": plans})
        data = encode_state(new).encode()
        try:
            write_durably(self.path, data, at=self._at)
            self.state, self._seen = new, identity(self.path)
            self._backups.add(new.serial, data)
            self._journal.empty()
        except OSError as error:
            raise StateNotWritten(self.path, error) from error

    def rescue(self, time: str) -> Path | None:
        """Write what is known beside the state, or else to the system's temporary folder; None if no disk takes it.

        Its serial is one ahead, so that a journal that stopped on the way is not folded into it again.
        """
        new = self.state.model_copy(update={"serial": self.state.serial + 1})
        name = f"{self.path.name}.rescued-{stamp_of(time)}-{os.getpid()}"
        import tempfile  # only where a state could not be kept in its place

        for folder in (self.path.parent, Path(tempfile.gettempdir())):
            with suppress(OSError):
                create_durably(folder / name, encode_state(new).encode())
                return folder / name
        return None

    def _ours(self) -> None:
        if identity(self.path) != self._seen or not self._journal.in_place():
            raise StateReplaced(self.path)

    def close(self) -> None:
        """Let go of the files. What was written is already durable."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def plan_path(state: Path) -> Path:
    """Where the plan that is being applied is kept."""
    return state.with_name(state.name + ".plan")


def kept_plan(state: Path) -> Plan | None:
    """The plan last applied to this state; None where it is not there or cannot be trusted."""
    try:
        return decode_plan(plan_path(state).read_text())
    except (OSError, ValueError, PlanInvalid):
        return None
