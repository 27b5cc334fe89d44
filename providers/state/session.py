"""A state that is being changed: every record durable before the next step, one new snapshot at the end.

Belongs to one thread. Knows no provider; it never asks what a record means.
"""

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bep.disk.durable import create_durably
from bep.planner.formats.journal import Intent, Outcome, encode
from bep.planner.formats.statefile import encode as encode_state
from bep.planner.plan import Plan
from bep.planner.state import State
from bep.providers.state.backups import Backups, stamp_of
from bep.providers.state.errors import StateNotWritten, StateReplaced
from bep.providers.state.place import PLAN, STATE, Journal, Overtaken, Place
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import seal, sealed_alike

if TYPE_CHECKING:
    from bep.providers.state.applied import Applied
    from bep.providers.state.holder import Holder

PLANS_REMEMBERED = 20


class Session:
    """`state` is as of the last record, whether or not the disk took it; `pending` the intents without an outcome.

    `notes` say what of the stored state was damaged and left out. `holder` is who has the lock, for the record of what
    is applied.
    """

    def __init__(
        self,
        place: Place,
        state: State,
        pending: Sequence[Intent],
        journal: Journal,
        seen: Hashable | None,
        notes: tuple[str, ...] = (),
        holder: "Holder | None" = None,
    ) -> None:
        self.place = place
        self.notes = notes
        self.state = state.model_copy(update={"entries": dict(state.entries)})
        self.pending = {intent.operation: intent for intent in pending}
        self._journal = journal
        self._seen = seen
        self._backups = Backups(place)
        self._holder = holder
        self._applied: Applied | None = None

    def remember(self, plan: Plan) -> None:
        """Keep the plan where recovery looks for what an interrupted change was to make, and among those that were
        applied, where it is known who holds the lock. Raises as `write` does."""
        data = plan.model_dump_json().encode()
        with self._writing():
            self.place.write(PLAN, data)
            if self._holder is not None:
                from bep.providers.state.applied import AppliedPlans

                self._applied = AppliedPlans(self.place).begin(plan, data, self.state.serial, self._holder)

    def note_end(self, ended: str, counts: Mapping[str, int]) -> None:
        """Note of the plan that is remembered when and how it ended. Raises as `write` does."""
        if self._applied is not None:
            from bep.providers.state.applied import AppliedPlans

            with self._writing():
                AppliedPlans(self.place).end(self._applied, ended, counts)

    def write(self, records: Sequence[Intent | Outcome]) -> None:
        """All the records, durable when this returns, in one write and one sync.

        Raises `StateReplaced` and `StateNotWritten`; outcomes count in `state` even then, for `rescue`.
        """
        if not records:
            return
        self._count([record for record in records if isinstance(record, Outcome)])
        with self._writing():
            self._journal.append([encode(record) for record in records])
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
            self.place.remove(PLAN)

    def finish(self, applied: str = "") -> None:
        """Fold the journal into the next snapshot, which remembers the digest of the plan that was `applied`.

        While an intent is pending the journal stays as it is: that too is a whole state. Raises as
        `write` does; journal and snapshot are then what they were.
        """
        if self.pending:
            return
        plans = (*self.state.applied_plans, applied)[-PLANS_REMEMBERED:] if applied else self.state.applied_plans
        new = self.state.model_copy(update={"serial": self.state.serial + 1, "applied_plans": plans})
        data = encode_state(new).encode()
        with self._writing():
            self._seen = self.place.write(STATE, data)
            self.state = new
            self._backups.add(new.serial, data)
            self._journal.empty()

    def rescue(self, time: str) -> Path | None:
        """Write what is known beside the state, or else to the system's temporary folder; None if no disk takes it.

        Its serial is one ahead, so that a journal that stopped on the way is not folded into it again.
        """
        new = self.state.model_copy(update={"serial": self.state.serial + 1})
        name = f"{Path(str(self.place.where())).name}.rescued-{stamp_of(time)}-{os.getpid()}"
        for folder in self.place.rescue_folders:
            with suppress(OSError):
                create_durably(folder / name, encode_state(new).encode())
                return folder / name
        return None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if not self.place.is_still(self._seen) or not self._journal.in_place():
            raise StateReplaced(self.place.where())
        try:
            yield
        except Overtaken:
            raise StateReplaced(self.place.where()) from None
        except OSError as error:
            raise StateNotWritten(self.place.where(), error) from error

    def close(self) -> None:
        """Let go of the files. What was written is already durable."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
