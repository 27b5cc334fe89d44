"""What was fetched from one address, on this machine: whole files by what the store said of them. Fetches nothing.

`lock` is held by whoever fetches. `files/<digest of version>-<size>-<sha256>` are files: one appears by rename after
fsync, so it is whole or absent, and its name says which bytes it must have. `trees/<digest>/` are folders of links to
them, under the names that they have at the address. `latest.json` is what was fetched last, and when.

No script is given any of these: it gets copies (`runner.giving`), whose bytes are compared with the names here.
Files named without a sha256 are those of an earlier bep, whose scripts were given links to them: none is taken.
"""

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

from bep.disk import modes
from bep.disk.durable import sync_file, sync_folder, write_durably
from bep.disk.locks import open_lock, take
from bep.lazy_dataclasses import dataclass
from bep.runner.transfer.server_headers import digest

SEALED_AT: Final = 946_782_245
"""Modification time (2000-01-02) of every copy. One with another time was written to by somebody else."""

GOING: Final = ".part"
"""How names end of what is not whole yet, or not any more."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address has, in the cache: `files` by their names below `tree`; `alone` where it names that one file."""

    tree: Path
    files: Mapping[str, Path]
    alone: bool = False

    @property
    def place(self) -> Path:
        """The file, or the folder."""
        return self.tree / next(iter(self.files)) if self.alone else self.tree

    def forget(self, name: str) -> None:
        """Drop a file whose bytes are not those that were fetched: it is fetched again."""
        self.files[name].unlink(missing_ok=True)
        (self.tree / name).unlink(missing_ok=True)


class Copies:
    """The copies of one address; `key` is what makes the address the same as another."""

    def __init__(self, downloads: Path, key: str) -> None:
        self.folder = downloads / digest_of(key)
        self._files = self.folder / "files"
        self._trees = self.folder / "trees"
        self._latest = self.folder / "latest.json"
        self._known: dict[str, Path] | None = None

    @contextmanager
    def held(self, pause: Callable[[], None]) -> Iterator[None]:
        """Be the only one who fetches this address; what a killed process has left half is removed.

        Whoever waits calls `pause` between two looks; it may raise. The system frees the lock at any death.
        """
        modes.make_folder(self._files)
        modes.make_folder(self._trees)
        lock = open_lock(self.folder / "lock")
        try:
            while not take(lock):
                pause()
            self._tidy()
            yield
        finally:
            os.close(lock)

    def _tidy(self) -> None:
        for left in self._files.glob(f"*{GOING}"):
            left.unlink(missing_ok=True)
        for left in self._trees.glob(f"*{GOING}"):
            shutil.rmtree(left, ignore_errors=True)

    def temporary(self) -> Path:
        """A new name for a file while it is being fetched."""
        return self._files / f"{secrets.token_hex(8)}{GOING}"

    def file(self, version: str, size: int | None) -> Path | None:
        """The file that was fetched when the store said `version` of it; None where there is none.

        It looks as it was put there; its bytes are compared when it is given to somebody.
        """
        found = self._there().get(_name(version, size)) if size is not None else None
        return found if found is not None and is_intact(found, size or 0) else None

    def _there(self) -> dict[str, Path]:
        if self._known is None:
            with os.scandir(self._files) as entries:
                self._known = {entry.name.rpartition("-")[0]: Path(entry.path) for entry in entries}
        return self._known

    def keep(self, temporary: Path, version: str) -> Path:
        """Give a complete file its place, durably."""
        sync_file(temporary)
        os.utime(temporary, (SEALED_AT, SEALED_AT))
        temporary.chmod(0o440 & modes.asked().file)
        name = _name(version, temporary.stat().st_size)
        place = self._files / f"{name}-{digest(temporary, 'sha256')}"
        earlier = self._there().get(name)
        temporary.replace(place)
        if earlier is not None and earlier != place:
            earlier.unlink(missing_ok=True)
        self._there()[name] = place
        return place

    def tree(self, files: Mapping[str, Path]) -> Path:
        """A folder with these files, by their relative names. Raises `OSError` where two names exclude each other."""
        sync_folder(self._files)
        listing = "\0".join(f"{name}\0{file.name}" for name, file in sorted(files.items()))
        tree = self._trees / digest_of(listing)
        if tree.is_dir():
            if all(_is_link(tree / name, file) for name, file in files.items()):
                return tree
            tree.rename(self._trees / f"{secrets.token_hex(8)}{GOING}")
        new = self._trees / f"{secrets.token_hex(8)}{GOING}"
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
        write_durably(self._latest, json.dumps(text).encode())

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
            target.chmod(0o440 & modes.asked().file)
    for folder in sorted(made):
        sync_folder(folder)


def _name(version: str, size: int | None) -> str:
    return f"{digest_of(version)}-{size}"


def sha256_of(file: Path) -> str:
    """Of a file in the cache: which bytes it must have, from its name."""
    return file.name.rpartition("-")[2]


def _is_link(link: Path, file: Path) -> bool:
    """Whether a name in a tree has the bytes of the file; a link does, a copy is read."""
    try:
        there, kept = link.lstat(), file.lstat()
    except OSError:
        return False
    if (there.st_dev, there.st_ino) == (kept.st_dev, kept.st_ino):
        return True
    return is_intact(link, kept.st_size) and digest(link, "sha256") == sha256_of(file)


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
