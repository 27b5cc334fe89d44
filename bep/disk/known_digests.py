"""Digests of a user's big files, so that each is read once and not at every command. Never asked about stored bytes.

A digest is known by device, inode, size, and both times of its file. The time of a change of the inode cannot be set by
a program, so a restored mtime deceives nobody; and a file that was changed too short a time before it was read is read
again, since another change in the same tick of the file system's clock would leave no trace (git calls such an entry
racily clean).
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bep.disk.durable import replacing

LEAST: Final = 64 << 10
"""Bytes from which a file's digest is kept: to read a smaller one takes about as long as to look for it."""

MOST: Final = 50_000
"""Digests kept for one folder; the oldest go first. They are about 8 MB."""

MOST_FOLDERS: Final = 100
"""Folders for which digests are kept; those that were looked at longest ago go first."""

SETTLED: Final = 3_000_000_000
"""Nanoseconds that a file must have been left alone when it is read: more than the coarsest clock of a file system (2 s
on FAT), with some room for one that runs on another machine."""

_BLOCK: Final = 1 << 20
_FORMAT: Final = 1

Step = Callable[[int], None]
"""Called with the number of bytes that were read since."""


def user_cache(environment: Mapping[str, str]) -> Path | None:
    """The folder of bep's in the user's own cache (XDG), for what only saves time; None for a user without a home."""
    cache, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
    if not os.path.isabs(cache):  # noqa: PTH117 - XDG: a relative one is to be ignored
        cache = f"{home}/.cache" if os.path.isabs(home) else ""  # noqa: PTH117
    return Path(cache, "bep") if cache else None


def place_for(folder: Path, environment: Mapping[str, str]) -> Path | None:
    """The file for the digests below a folder, in the user's own cache: nobody else writes there, and a folder
    that is only looked at stays as it is. None for a user without a home.
    """
    cache = user_cache(environment)
    name = sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:32]  # noqa: PTH100
    return cache / "digests" / f"{name}.json" if cache is not None else None


class KnownDigests:
    """The digests that are kept in one file. Damage, and whatever forbids to write it, only cost time."""

    def __init__(self, place: Path | None, now: Callable[[], int] = time.time_ns) -> None:
        self._place = place
        self._now = now
        self._known: dict[str, str] | None = None
        self._is_new = False

    def digest(self, file: Path, step: Step) -> str:
        """The sha256 (hex) of a file's bytes. Raises `OSError`."""
        with file.open("rb", buffering=0) as opened:
            before = os.fstat(opened.fileno())
            key = key_of(before)
            known = self._read().get(key) if before.st_size >= LEAST else None
            if known is not None:
                step(before.st_size)
                return known
            began, found, block = self._now(), sha256(), bytearray(_BLOCK)
            while taken := opened.readinto(block):
                found.update(memoryview(block)[:taken])
                step(taken)
            if before.st_size >= LEAST and key_of(os.fstat(opened.fileno())) == key and is_settled(before, began):
                self._read()[key] = found.hexdigest()
                self._is_new = True
        return found.hexdigest()

    def keep(self) -> None:
        """Write what was learnt. Of two at once the later one stays whole; what only the other knew is learnt again."""
        if self._place is None or not self._is_new:
            return
        known = {**_load(self._place), **self._read()}
        kept = dict(list(known.items())[-MOST:])
        with suppress(OSError):
            self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self._place, mode=0o600) as stream:
                stream.write(json.dumps({"format": _FORMAT, "digests": kept}).encode())
            self._is_new = False
            forget_the_oldest(self._place.parent, ".json", MOST_FOLDERS)

    def _read(self) -> dict[str, str]:
        if self._known is None:
            self._known = _load(self._place) if self._place is not None else {}
        return self._known


def key_of(status: os.stat_result) -> str:
    """What a file is known by, as long as it is not changed."""
    parts = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return " ".join(map(str, parts))


def is_settled(status: os.stat_result, began: int) -> bool:
    """Whether any change since `began` would show in the file's times. Nothing tells files without inodes apart."""
    return status.st_ino != 0 and max(status.st_mtime_ns, status.st_ctime_ns) < began - SETTLED


def is_own(status: os.stat_result) -> bool:
    """Whether nobody but this user may have written the file."""
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _load(place: Path) -> dict[str, str]:
    try:
        status = place.stat()
        if not is_own(status):
            return {}
        found: Any = json.loads(place.read_bytes())
        if found["format"] != _FORMAT:
            return {}
        return {str(key): value for key, value in found["digests"].items() if _is_digest(value)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def forget_the_oldest(folder: Path, ending: str, most: int) -> None:
    """Leave so many of the files that end so: those that were written last. Raises `OSError`."""
    files = [file for file in folder.iterdir() if file.suffix == ending]
    if len(files) > most:
        for file in sorted(files, key=lambda one: one.stat().st_mtime)[:-most]:
            file.unlink(missing_ok=True)
