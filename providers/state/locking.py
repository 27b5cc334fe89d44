"""The lock of a state file: one apply at a time, and everyone can read whose. Knows no state and no plan.

The system's own lock (flock) decides between processes of one machine and vanishes with its owner.
What is written in the file tells people who holds it, and stands for owners on other machines,
whose system locks a shared disk may not show.
"""

import json
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bep.disk.durable import make_folder
from bep.disk.locks import open_lock, take
from bep.lazy_dataclasses import asdict, replace
from bep.providers.state.holder import Holder, NotThatLock, StateLocked, at_work
from bep.providers.state.owner import Owner, is_dead, is_here, this_process

POLL = 0.1
"""Seconds between two looks at a lock that is waited for."""


def lock_path(state: Path) -> Path:
    """Where the lock of a state file is: beside the file that a link leads to."""
    target = Path(os.path.realpath(state))
    return target.with_name(target.name + ".lock")


def running_apply(state: Path) -> Holder | None:
    """Who holds the lock of this state file, without taking or waiting for it; None if nobody does, or a dead one.

    Also None where the lock may not be read: a state is looked at without one.
    """
    try:
        holder = _read(lock_path(state))
    except PermissionError:
        return None
    return at_work(holder)


class Lock:
    """A lock that is held. Leaving the `with` gives it back; so does the death of the process.

    `note` says whose dead hand it was taken from, if from one.
    """

    def __init__(self, file: int, path: Path, holder: Holder, note: str) -> None:
        self._file = file
        self._path = path
        self.holder = holder
        self.note = note
        self._write(holder)
        _HELD.add(self)

    def progress(self, done: int, total: int) -> None:
        """Let others read how far it has come."""
        self.holder = replace(self.holder, done=done, total=total)
        self._write(self.holder)

    def _write(self, holder: Holder) -> None:
        # One short write in place: a reader sees the old text, the new one, or one it cannot parse and reads again.
        # A full disk must not stop an apply that could still record what it did.
        members = {name: value for name, value in asdict(holder).items() if name != "program"}
        data = json.dumps(members, sort_keys=True).encode().ljust(600) + b"\n"
        with suppress(OSError):
            os.pwrite(self._file, data, 0)

    def forget(self) -> None:
        """Let go without giving back: for a fork, which would else keep the lock alive after its owner's death."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def release(self) -> None:
        """Give it back. Twice is as good as once."""
        if self._file < 0:
            return
        if _is_the_file(self._file, self._path):
            os.ftruncate(self._file, 0)
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


_HELD: "weakref.WeakSet[Lock]" = weakref.WeakSet()


def _forget_in_fork() -> None:
    for lock in list(_HELD):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_fork)


def acquire(state: Path, *, operation: str, since: str, timeout: float = 0.0) -> Lock:
    """Take the lock of a state file, waiting at most `timeout` seconds. `operation` is the command, as typed.

    Raises `StateLocked`. A lock whose owner died on this machine is taken over, and `Lock.note` says so.
    """
    path = lock_path(state)
    make_folder(path.parent)
    until = time.monotonic() + timeout
    while True:
        file = open_lock(path)
        try:
            lock = _try(file, path, operation, since)
        except BaseException:
            os.close(file)
            raise
        if lock is not None:
            return lock
        os.close(file)
        if time.monotonic() >= until:
            raise StateLocked(path, _read(path))
        time.sleep(POLL)


def _try(file: int, path: Path, operation: str, since: str) -> Lock | None:
    if not take(file):
        return None
    if not _is_the_file(file, path):
        return None  # unlocked and made anew between opening and locking
    before = _read(path)
    if before is not None and not is_here(before.owner):
        return None
    note = f"took over the lock of a dead process: {before}" if before else ""
    return Lock(file, path, Holder(os.urandom(6).hex(), this_process(), since, operation), note)


def unlock(state: Path, id: str) -> Holder:
    """Remove the lock with this id, for an owner that is known to be gone. Raises `NotThatLock`."""
    path = lock_path(state)
    holder = _read(path)
    if holder is None:
        raise NotThatLock(f"{path}: nobody holds the lock")
    if holder.id != id:
        raise NotThatLock(f"{path}: the lock is {holder.id}, not {id}: {holder}")
    if is_here(holder.owner) and not is_dead(holder.owner):
        raise NotThatLock(f"{path}: its owner is at work, stop it first: {holder}")
    path.unlink(missing_ok=True)
    return holder


def _is_the_file(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _read(path: Path) -> Holder | None:
    for _ in range(5):
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            return None
        if not text.strip():
            return None
        try:
            plain = json.loads(text)
            return Holder(**{**plain, "owner": Owner(**plain["owner"])})
        except (ValueError, TypeError, KeyError):
            time.sleep(0.001)
    return None
