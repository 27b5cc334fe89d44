"""The files of a state as blobs of one container, by the state's own name. Knows no state, no plan and no world."""

import tempfile
from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.disk.durable import At, nowhere
from bep.providers.state.azure_blob.blobs import Blobs
from bep.providers.state.azure_blob.client import BlobSettings, signs_in_by
from bep.providers.state.azure_blob.journal import BlobJournal, rewrite
from bep.providers.state.azure_blob.lease import BlobLock, Leases
from bep.providers.state.holder import Holder, StateLocked
from bep.providers.state.place import JOURNAL, STATE, Overtaken

if TYPE_CHECKING:
    from bep.providers.check import Check, Probe

__all__ = ["BlobPlace", "BlobSettings"]

CHECKED: Final = ".checked"
"""The part that is written to see whether one may."""


class BlobPlace:
    """A `Place` of blobs. `home` is the folder of what is bep's; `at` is told each request ahead of it, for tests."""

    def __init__(self, settings: BlobSettings, *, home: Path, environment: Mapping[str, str], at: At = nowhere) -> None:
        self._blobs = Blobs(settings, environment, at=at)
        self._home, self._environment = home, environment
        self._leases = Leases(self._blobs, home / "state-leases")

    @property
    def rescue_folders(self) -> tuple[Path, ...]:
        """See `Place`."""
        return (self._home, Path(tempfile.gettempdir()))

    def where(self, part: str = STATE) -> str:
        """See `Place`."""
        return self._blobs.where(part)

    def local(self, part: str = STATE) -> None:
        """See `Place`."""

    def read(self, part: str) -> bytes | None:
        """See `Place`. The state's blob is empty from its first lock to its first write."""
        data = self._blobs.bytes_of(part)
        return data or (None if part == STATE else data)

    def version(self, part: str) -> Hashable | None:
        """See `Place`."""
        found = self._blobs.properties(part)
        return None if found is None or (part == STATE and not found.size) else str(found.etag)

    def is_still(self, version: Hashable | None) -> bool:
        """See `Place`. The service knows, and refuses a write where it is not."""
        return True

    def write(self, part: str, data: bytes) -> Hashable | None:
        """See `Place`."""
        if part == JOURNAL:
            rewrite(self._blobs, data)
            return None
        return self._blobs.put(part, data)

    def create(self, part: str, data: bytes) -> None:
        """See `Place`. Raises `StateLocked` where somebody else has the lock on a state that has no bytes yet."""
        try:
            self._blobs.put_new(part, data)
        except Overtaken:
            raise StateLocked(self.where(part), self._leases.holder()) from None

    def remove(self, part: str) -> None:
        """See `Place`."""
        self._blobs.remove(part)

    def parts(self, start: str) -> list[str]:
        """See `Place`."""
        return self._blobs.names(start)

    def written_at(self, part: str) -> datetime:
        """See `Place`."""
        return self._blobs.written_at(part)

    def journal(self, good: int) -> BlobJournal:
        """See `Place`."""
        return BlobJournal(self._blobs, good)

    def acquire(self, *, operation: str, since: str, timeout: float = 0.0) -> BlobLock:
        """See `Place`."""
        return self._leases.acquire(operation=operation, since=since, timeout=timeout)

    def holder(self) -> Holder | None:
        """See `Place`."""
        return self._leases.holder()

    def unlock(self, id: str) -> Holder:
        """See `Place`."""
        return self._leases.unlock(id)

    def checks(self) -> "Mapping[str, Probe]":
        """See `Place`. A blob of a name of its own is written and taken away: rights are not told beforehand."""
        return {"state's place": self._check}

    def _check(self) -> "Iterator[Check]":
        from bep.providers.check import ok

        self._blobs.properties(STATE)
        signed = signs_in_by(self._environment, self._blobs.container)
        yield ok("state's place", f"{self.where()} can be read, with {signed}")
        self._blobs.put(CHECKED, b"")
        self._blobs.remove(CHECKED)
        yield ok("state's place", f"{self.where()} can be written")
