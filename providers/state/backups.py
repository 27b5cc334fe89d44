"""Copies of the last snapshots of a state, and how one is put back. Knows bytes and serials, no world."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from bep.planner.formats.statefile import StateDamaged, decode
from bep.planner.planning.clear_values import without_clear_values
from bep.planner.state import State
from bep.providers.state.place import BACKUPS, Place, Where

KEEP = 11
"""The snapshot in use and the ten before it."""


class Backups:
    """The copies `.backups/SERIAL.json` of a state: one a serial."""

    def __init__(self, place: Place, *, keep: int = KEEP) -> None:
        self._place = place
        self._keep = keep

    def part(self, serial: int) -> str:
        """What the copy of this serial is called among the files of the state."""
        return f"{BACKUPS}{serial}.json"

    def where(self, serial: int) -> Where:
        """Where the copy of this serial is, if there is one."""
        return self._place.where(self.part(serial))

    @property
    def folder(self) -> Where:
        """Where the copies are."""
        return self._place.where(BACKUPS.removesuffix("/"))

    def serials(self) -> list[int]:
        """Which serials there are, newest first; none of them has been read."""
        found = (part.removeprefix(BACKUPS) for part in self._place.parts(BACKUPS))
        names = [name.removesuffix(".json") for name in found if name.endswith(".json")]
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def good(self) -> Iterator[State]:
        """The copies that can be trusted, newest first, without secrets in clear.

        Raises `PermissionError`: what is hidden is not gone.
        """
        for serial in self.serials():
            try:
                state, _ = without_clear_values(decode(as_text(self._place.read(self.part(serial)) or b"")))
                yield state
            except PermissionError:
                raise
            except (StateDamaged, OSError):
                continue

    def state(self, serial: int) -> State | None:
        """The copy of this serial, without secrets in clear; None where there is none that can be trusted."""
        try:
            found = self._place.read(self.part(serial))
            return without_clear_values(decode(as_text(found)))[0] if found is not None else None
        except StateDamaged:
            return None

    def has(self, serial: int) -> bool:
        """Whether there is a copy of this serial."""
        return self._place.version(self.part(serial)) is not None

    def written_at(self, serial: int) -> datetime:
        """When the copy of this serial was written, in UTC. Raises `OSError`."""
        return self._place.written_at(self.part(serial))

    def add(self, serial: int, data: bytes) -> None:
        """Keep this snapshot, and let go of the oldest. Raises `OSError`."""
        self._place.write(self.part(serial), data)
        for old in self.serials()[self._keep :]:
            with suppress(OSError):
                self._place.remove(self.part(old))


def as_text(data: bytes) -> str:
    """Bytes as the text that `statefile` judges: what is no UTF-8 survives, to be found out by the digest."""
    return data.decode(errors="surrogateescape")


def put_aside(place: Place, part: str, stamp: str) -> Where | None:
    """Keep what a file holds under a name that says when it was replaced; it stays. None if there is no file."""
    data = place.read(part)
    if data is None:
        return None
    aside = f"{part}.replaced-{stamp}"
    try:
        place.create(aside, data)
    except FileExistsError:
        return put_aside(place, part, f"{stamp}-{os.getpid()}")
    return place.where(aside)


def stamp_of(time: str) -> str:
    """A time as part of a file's name."""
    return time.replace(":", "").replace("-", "")
