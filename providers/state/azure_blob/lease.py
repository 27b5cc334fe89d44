"""The lock of a state in a container: an infinite lease on its blob, and who holds it in its metadata. Knows no plan.

No lease is renewed: one that ended by itself would let two apply at once after a long pause. A holder that died on this
machine is followed by changing its lease into one's own, which only one of two can do. Between the lease and the text
that says whose it is there is a moment; a note on this machine, written before and one a lease, tells a later process.
"""

import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bep import __version__
from bep.disk.durable import make_folder, write_durably
from bep.lazy_dataclasses import asdict, replace
from bep.providers.state.azure_blob.blobs import LEASED, Blobs
from bep.providers.state.azure_blob.client import asking, is_no_container
from bep.providers.state.azure_blob.lock_text import KEY, decoded, encoded
from bep.providers.state.holder import Holder, NotThatLock, StateLocked, at_work
from bep.providers.state.owner import Owner, is_dead, is_here, this_process
from bep.providers.state.place import STATE, Overtaken, PlaceRefused

POLL: Final = 1.0
"""Seconds between two looks at a lock that is waited for."""
PROGRESS: Final = 5.0
"""Seconds between two texts that say how far it has come: each is a request, and the apply waits for it."""


class BlobLock:
    """A `HeldLock`. It outlives its process, until another of this machine follows it or somebody breaks it."""

    def __init__(self, blobs: Blobs, holder: Holder, note: str, released: Callable[[], None] = lambda: None) -> None:
        self.holder = holder
        self.note = note
        self._released = released
        self._blobs = blobs
        self._said = time.monotonic()

    def progress(self, done: int, total: int) -> None:
        """See `HeldLock`."""
        self.holder = replace(self.holder, done=done, total=total)
        if time.monotonic() - self._said < PROGRESS:
            return
        self._said = time.monotonic()
        with suppress(OSError, Overtaken):  # the next write of the state itself finds out
            self._blobs.describe(_about(self._blobs, self.holder))

    def release(self) -> None:
        """See `HeldLock`."""
        if not self._blobs.lease:
            return
        lease = self._blobs.lease
        for part in LEASED[1:]:
            _release(self._blobs, part, lease)
        with suppress(OSError, Overtaken):
            self._blobs.describe({})
        _release(self._blobs, STATE, lease)
        self._released()
        self._blobs.lease = ""
        self._blobs.forget_versions()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


class Leases:
    """The leases of one state. `notes` is the folder of this machine that has a file for each that was asked for."""

    def __init__(self, blobs: Blobs, notes: Path) -> None:
        self._blobs = blobs
        self._notes = notes

    def holder(self) -> Holder | None:
        """See `Place`."""
        return at_work(self._named())

    def _named(self) -> Holder | None:
        found = self._blobs.properties(STATE)
        return decoded(found.metadata) if found is not None and found.lease.state == "leased" else None

    def acquire(self, *, operation: str, since: str, timeout: float = 0.0) -> BlobLock:
        """See `Place`."""
        holder = Holder(str(uuid.uuid4()), this_process(), since, operation)
        until = time.monotonic() + timeout
        self._write_note(holder)
        while True:
            note = self._take(holder)
            if note is not None:
                return self._begin(holder, note)
            if time.monotonic() >= until:
                self._remove_note(holder.id)
                raise StateLocked(self._blobs.where(STATE), self._named())
            time.sleep(POLL)

    def _take(self, holder: Holder) -> str | None:
        """Lease the state's blob: what to say of it, or None where somebody else holds it."""
        if _lease(self._blobs, STATE, holder.id):
            return ""
        found = self._blobs.properties(STATE)
        if found is None or found.lease.state != "leased":
            return None  # given back meanwhile: ask again
        known = decoded(found.metadata)
        for other in [known] if known is not None else self._noted():
            if at_work(other) is None and _follow(self._blobs, other.id, holder.id):
                return f"took over the lock of a dead process: {other}"
        return None

    def _begin(self, holder: Holder, note: str) -> BlobLock:
        """With the state's lease: say whose it is, and take the others from whoever has them without a right to."""
        self._blobs.lease = holder.id
        self._blobs.forget_versions()
        lock = BlobLock(self._blobs, holder, note, lambda: self._remove_note(holder.id))
        try:
            self._blobs.describe(_about(self._blobs, holder))
            for part in LEASED[1:]:
                while not _lease(self._blobs, part, holder.id):
                    _break(self._blobs, part)
        except BaseException:
            lock.release()
            raise
        for other in self._noted():
            if at_work(other) is None:
                self._remove_note(other.id)  # the lease is not theirs any more
        return lock

    def unlock(self, id: str) -> Holder:
        """See `Place`."""
        where = self._blobs.where(STATE)
        found = self._blobs.properties(STATE)
        if found is None or found.lease.state != "leased":
            raise NotThatLock(f"{where}: nobody holds the lock")
        holder = decoded(found.metadata) or next((one for one in self._noted() if one.id == id), None)
        if holder is None:
            raise NotThatLock(f"{where}: it is leased by somebody who did not say who; break the lease in the account")
        if holder.id != id:
            raise NotThatLock(f"{where}: the lock is {holder.id}, not {id}: {holder}")
        if is_here(holder.owner) and not is_dead(holder.owner):
            raise NotThatLock(f"{where}: its owner is at work, stop it first: {holder}")
        for part in reversed(LEASED):
            _break(self._blobs, part)
        return holder

    def _write_note(self, holder: Holder) -> None:
        make_folder(self._notes)
        write_durably(self._notes / f"{holder.id}.json", json.dumps(asdict(holder)).encode())

    def _remove_note(self, lease: str) -> None:
        with suppress(OSError):
            (self._notes / f"{lease}.json").unlink()

    def _noted(self) -> list[Holder]:
        """Who asked for a lease from this machine, and has not been seen to be without it since."""
        found = []
        for file in sorted(self._notes.glob("*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):
                said = json.loads(file.read_text())
                found.append(Holder(**{**said, "owner": Owner(**said["owner"])}))
        return found


def _about(blobs: Blobs, holder: Holder) -> dict[str, str]:
    return {KEY: encoded(holder, f"{blobs.settings.container}/{blobs.settings.blob}", __version__)}


def _lease(blobs: Blobs, part: str, lease: str) -> bool:
    """Lease a blob, made empty where there is none; False where somebody else has it leased."""
    from azure.core.exceptions import ResourceNotFoundError

    def ask() -> None:
        blobs.at(f"lease {part or 'state'}")
        blobs.blob(part).acquire_lease(-1, lease_id=lease)

    try:
        with asking(blobs.where(part)):
            try:
                ask()
            except ResourceNotFoundError as absent:
                if is_no_container(absent):
                    raise
                with suppress(FileExistsError):
                    blobs.put_new(part, b"")
                ask()
    except Overtaken:
        return False
    return True


def _follow(blobs: Blobs, dead: str, lease: str) -> bool:
    """Change the lease of a dead process into this one; False where another did so first."""
    from azure.storage.blob import BlobLeaseClient

    blobs.at("follow")
    try:
        with asking(blobs.where(STATE)):
            BlobLeaseClient(blobs.blob(STATE), lease_id=dead).change(lease)
    except Overtaken:
        return False
    return True


def _release(blobs: Blobs, part: str, lease: str) -> None:
    from azure.storage.blob import BlobLeaseClient

    blobs.at(f"release {part or 'state'}")
    with suppress(OSError, Overtaken), asking(blobs.where(part)):
        BlobLeaseClient(blobs.blob(part), lease_id=lease).release()


def _break(blobs: Blobs, part: str) -> None:
    from azure.storage.blob import BlobLeaseClient

    try:
        with asking(blobs.where(part)):
            BlobLeaseClient(blobs.blob(part)).break_lease(lease_break_period=0)
    except Overtaken:
        return  # it is not leased
    except PlaceRefused:
        if blobs.properties(part) is not None:
            raise
