"""The files of a state on a disk: all stand beside the state's own, a link to which is followed. Knows no state."""

import os
from collections.abc import Hashable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bep.disk.durable import At, create_durably, make_folder, nowhere, sync_folder, write_durably
from bep.providers.state import locking
from bep.providers.state.holder import Holder
from bep.providers.state.locking import Lock
from bep.providers.state.place import JOURNAL, STATE

if TYPE_CHECKING:
    from bep.providers.check import Probe
    from bep.providers.state.journal_file import JournalFile

Identity = tuple[int, int, int, int]


class FilePlace:
    """A `Place` of files. `at` is told each step ahead of it, for tests."""

    def __init__(self, path: Path, *, at: At = nowhere) -> None:
        self.path = Path(os.path.realpath(path))
        self.at = at

    @property
    def rescue_folders(self) -> tuple[Path, ...]:
        """See `Place`."""
        import tempfile  # only where a state could not be kept in its place

        return (self.path.parent, Path(tempfile.gettempdir()))

    def where(self, part: str = STATE) -> Path:
        """See `Place`."""
        return self.path.with_name(self.path.name + part) if "/" not in part else self._in_folder(part)

    local = where

    def _in_folder(self, part: str) -> Path:
        folder, _, name = part.partition("/")
        return self.path.with_name(self.path.name + folder) / name

    def read(self, part: str) -> bytes | None:
        """See `Place`."""
        try:
            return self.where(part).read_bytes()
        except FileNotFoundError:
            return None

    def version(self, part: str) -> Identity | None:
        """See `Place`."""
        try:
            found = self.where(part).stat()
        except FileNotFoundError:
            return None
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def is_still(self, version: Hashable | None) -> bool:
        """See `Place`."""
        return self.version(STATE) == version

    def write(self, part: str, data: bytes) -> Identity | None:
        """See `Place`."""
        make_folder(self.where(part).parent)
        write_durably(self.where(part), data, at=self.at)
        return self.version(part)

    def create(self, part: str, data: bytes) -> None:
        """See `Place`."""
        make_folder(self.where(part).parent)
        create_durably(self.where(part), data, at=self.at)

    def remove(self, part: str) -> None:
        """See `Place`."""
        with suppress(FileNotFoundError):
            self.where(part).unlink()
            sync_folder(self.where(part).parent)

    def parts(self, start: str) -> list[str]:
        """See `Place`."""
        folder, inside, begins = start.rpartition("/")
        searched = self.where(folder) if inside else self.path.parent
        own = "" if inside else self.path.name
        try:
            names = os.listdir(searched)  # noqa: PTH208 - glob() hides what it may not read
        except FileNotFoundError:
            return []
        found = [name.removeprefix(own) for name in names if name.startswith(own + begins)]
        return sorted(f"{folder}{inside}{name}" for name in found)

    def written_at(self, part: str) -> datetime:
        """See `Place`."""
        return datetime.fromtimestamp(self.where(part).stat().st_mtime, UTC)

    def journal(self, good: int) -> "JournalFile":
        """See `Place`."""
        from bep.providers.state.journal_file import JournalFile

        return JournalFile(self.where(JOURNAL), good, at=self.at)

    def acquire(self, *, operation: str, since: str, timeout: float = 0.0) -> Lock:
        """See `Place`."""
        return locking.acquire(self.path, operation=operation, since=since, timeout=timeout)

    def holder(self) -> Holder | None:
        """See `Place`."""
        return locking.running_apply(self.path)

    def unlock(self, id: str) -> Holder:
        """See `Place`."""
        return locking.unlock(self.path, id)

    def checks(self) -> "Mapping[str, Probe]":
        """See `Place`."""
        from bep.providers.folder_check import folder_check

        files = (self.path, self.where(JOURNAL), locking.lock_path(self.path))
        return {"state's place": lambda: [folder_check("state's place", (self.path.parent, *files))]}
