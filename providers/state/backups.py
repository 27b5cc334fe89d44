"""Copies of the last snapshots of a state, and how one is put back. Knows bytes and serials, no world."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bep.disk.durable import At, create_durably, make_folder, nowhere, write_durably
from bep.planner.formats.statefile import StateDamaged, decode
from bep.planner.planning.clear_values import without_clear_values
from bep.planner.state import State

KEEP = 11
"""The snapshot in use and the ten before it."""


class Backups:
    """The folder `state.json.backups` beside a state file: one file a serial."""

    def __init__(self, state: Path, *, keep: int = KEEP, at: At = nowhere) -> None:
        self.folder = state.with_name(state.name + ".backups")
        self._keep = keep
        self._at = at

    def path(self, serial: int) -> Path:
        """Where the copy of this serial is, if there is one."""
        return self.folder / f"{serial}.json"

    def serials(self) -> list[int]:
        """Which serials there are, newest first; none of them has been read."""
        try:
            names = [name.removesuffix(".json") for name in os.listdir(self.folder) if name.endswith(".json")]  # noqa: PTH208 - glob() hides what it may not read
        except FileNotFoundError:
            return []
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)

    def good(self) -> Iterator[State]:
        """The copies that can be trusted, newest first, without secrets in clear.

        Raises `PermissionError`: what is hidden is not gone.
        """
        for serial in self.serials():
            try:
                state, _ = without_clear_values(read_state(self.path(serial)))
                yield state
            except PermissionError:
                raise
            except (StateDamaged, OSError):
                continue

    def add(self, serial: int, data: bytes) -> None:
        """Keep this snapshot, and let go of the oldest. Raises `OSError`."""
        make_folder(self.folder)
        write_durably(self.path(serial), data, at=self._at)
        for old in self.serials()[self._keep :]:
            with suppress(OSError):
                self.path(old).unlink()


def read_state(path: Path) -> State:
    """The state in a file. Raises `StateDamaged` and `OSError`."""
    return decode(as_text(path.read_bytes()))


def as_text(data: bytes) -> str:
    """Bytes as the text that `statefile` judges: what is no UTF-8 survives, to be found out by the digest."""
    return data.decode(errors="surrogateescape")


def put_aside(path: Path, stamp: str) -> Path | None:
    """Give a file a second name that says when it was replaced; the first name stays. None if there is no file."""
    aside = path.with_name(f"{path.name}.replaced-{stamp}")
    try:
        create_durably(aside, path.read_bytes())
    except FileNotFoundError:
        return None
    except FileExistsError:
        return put_aside(path, f"{stamp}-{os.getpid()}")
    return aside


def stamp_of(time: str) -> str:
    """A time as part of a file's name."""
    return time.replace(":", "").replace("-", "")
