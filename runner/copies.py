"""What was fetched from one address, on this machine: whole files by what the store said of them. Fetches nothing.

`lock` is held by whoever fetches. `files/<digest>-<size>` are files: one appears by rename after fsync, so it is whole
or absent. `trees/<digest>/` are folders of links to them, under the names that a scoring script sees: what a job reads
stays as it was when the address has something newer. `latest.json` is what was fetched last, and when.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bep.runner.folder import sync_folder, write_atomically

SEALED_AT: Final = 946_782_245
"""Modification time (2000-01-02) of every copy. One with another time was written to by somebody else."""

_GOING = ".part"


class Copies:
    """The copies of one address; `key` is what makes the address the same as another."""

    def __init__(self, downloads: Path, key: str) -> None:
        self.folder = downloads / digest_of(key)
        self._files = self.folder / "files"
        self._trees = self.folder / "trees"
        self._latest = self.folder / "latest.json"

    @contextmanager
    def held(self, pause: Callable[[], None]) -> Iterator[None]:
        """Be the only one who fetches this address; what a killed process has left half is removed.

        Whoever waits calls `pause` between two looks; it may raise. The system frees the lock at any death.
        """
        self._files.mkdir(parents=True, exist_ok=True)
        self._trees.mkdir(exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            while not _taken(lock):
                pause()
            self._tidy()
            yield
        finally:
            os.close(lock)

    def _tidy(self) -> None:
        for left in self._files.glob(f"*{_GOING}"):
            left.unlink(missing_ok=True)
        for left in self._trees.glob(f"*{_GOING}"):
            shutil.rmtree(left, ignore_errors=True)

    def temporary(self) -> Path:
        """A new name for a file while it is being fetched."""
        return self._files / f"{secrets.token_hex(8)}{_GOING}"

    def file(self, version: str, size: int | None) -> Path | None:
        """The whole file that was fetched when the store said `version` of it; None where there is none intact."""
        if size is None:
            return None
        found = self._place(version, size)
        return found if is_intact(found, size) else None

    def keep(self, temporary: Path, version: str) -> Path:
        """Give a complete file its place, durably."""
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.utime(temporary, (SEALED_AT, SEALED_AT))
        temporary.chmod(0o444)
        place = self._place(version, temporary.stat().st_size)
        temporary.replace(place)
        return place

    def _place(self, version: str, size: int) -> Path:
        return self._files / f"{digest_of(version)}-{size}"

    def tree(self, files: Mapping[str, Path]) -> Path:
        """A folder with these files, by their relative names. Raises `OSError` where two names exclude each other."""
        sync_folder(self._files)
        listing = "\0".join(f"{name}\0{file.name}" for name, file in sorted(files.items()))
        tree = self._trees / digest_of(listing)
        if tree.is_dir():
            if all(is_intact(tree / name, file.stat().st_size) for name, file in files.items()):
                return tree
            tree.rename(self._trees / f"{secrets.token_hex(8)}{_GOING}")
        new = self._trees / f"{secrets.token_hex(8)}{_GOING}"
        try:
            _fill(new, files)
            new.rename(tree)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        sync_folder(self._trees)
        return tree

    def remember(self, place: Path, **told: Any) -> None:
        """Note what was fetched last: where it is, and what the store said of it."""
        text = {**told, "place": str(place.relative_to(self.folder)), "at": time.time()}
        write_atomically(self._latest, json.dumps(text).encode())

    def remembered(self) -> dict[str, Any] | None:
        """What was fetched last, its `place` as a path; None where it was nothing, or is gone."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self._latest.read_bytes())
            place = self.folder / told["place"]
            return {**told, "place": place} if place.exists() else None
        return None

    def still_here(self) -> str:
        """A line for whoever is told that an address cannot be fetched: that there is a copy, of when, and where.

        It is not taken by itself: a job that scores what may be yesterday's has to be asked for it.
        """
        known = self.remembered()
        if known is None:
            return ""
        at = datetime.fromtimestamp(float(known["at"]), UTC)
        return (
            f"\n    what was fetched on {at:%Y-%m-%d %H:%M} UTC is still here, and may be out of date: "
            f"to score that, give as input {known['place']}"
        )


def _fill(new: Path, files: Mapping[str, Path]) -> None:
    new.mkdir()
    made = {new}
    for name, file in files.items():
        target = new / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.update(parent for parent in target.parents if parent.is_relative_to(new))
        try:
            os.link(file, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links, or with too many to this file
            shutil.copyfile(file, target)
            os.utime(target, (SEALED_AT, SEALED_AT))
            target.chmod(0o444)
    for folder in sorted(made):
        sync_folder(folder)


def is_intact(file: Path, size: int) -> bool:
    """Whether a copy is there as it was put there, judged by its size and its time."""
    try:
        status = file.lstat()
    except OSError:
        return False
    return status.st_size == size and int(status.st_mtime) == SEALED_AT


def digest_of(text: str) -> str:
    """A name for a text that may be long and holds any character."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
