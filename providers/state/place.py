"""Place: where the files of one state are kept, on a disk or elsewhere. Types only; knows no state, plan or world.

A file of a state is named by what follows the state's own name: `""` is the state itself, `.journal` its journal,
`.backups/7.json` the copy of serial 7. What a place does not hold reads as None.
"""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from bep.providers.check import Probe
    from bep.providers.state.holder import Holder


Where = Path | str
"""A path on this machine, or an address."""

STATE, JOURNAL, PLAN, BACKUPS = "", ".journal", ".plan", ".backups/"
MOVED, MOVED_TO, MOVED_FROM = ".moved", ".moved-to", ".moved-from"
"""The bytes of a state that was moved to another place, which place that is, and where one on its way comes from."""


class Overtaken(Exception):
    """Somebody else wrote, or holds, what was about to be written: nothing was."""


class PlaceRefused(OSError):
    """The place did not do what was asked, or could not be asked. Says which file it is about and why; `fix` may."""

    def __init__(self, why: str, fix: str = "") -> None:
        self.fix = fix
        super().__init__(f"{why}\n    fix: {fix}" if fix else why)


class HeldLock(Protocol):
    """A lock that is held. Leaving the `with` gives it back. `note` says whose dead hand it was taken from."""

    holder: "Holder"
    note: str

    def progress(self, done: int, total: int) -> None:
        """Let others read how far it has come."""
        ...

    def release(self) -> None:
        """Give it back. Twice is as good as once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Journal(Protocol):
    """Lines that are durable once they are appended, or not there. One writer. After a failure it takes no more."""

    def append(self, lines: Sequence[bytes]) -> None:
        """All lines at once. Raises `OSError` and `Overtaken`; none of them then counts."""
        ...

    def empty(self) -> None:
        """Forget every line, now that a snapshot holds what they said. Raises as `append` does."""
        ...

    def in_place(self) -> bool:
        """Whether nobody else has touched it, as far as that is known before something is written."""
        ...

    def close(self) -> None:
        """Let go of it. Twice is as good as once."""
        ...


class Place(Protocol):
    """The files of one state. All but `where` and `in_place` raise `OSError` for what the place does not give."""

    @property
    def rescue_folders(self) -> Sequence[Path]:
        """The folders of this machine in which a state is kept that the place does not take, best first."""
        ...

    def where(self, part: str = STATE) -> Where:
        """Where a file is, for people and for the system."""
        ...

    def local(self, part: str = STATE) -> Path | None:
        """The file on this machine; None where it lies elsewhere."""
        ...

    def read(self, part: str) -> bytes | None:
        """Its bytes."""
        ...

    def version(self, part: str) -> Hashable | None:
        """What tells the file from another that took its name, or from its own later self."""
        ...

    def is_still(self, version: Hashable | None) -> bool:
        """Whether the state is still of this version, as far as that is known before something is written."""
        ...

    def write(self, part: str, data: bytes) -> Hashable | None:
        """The whole file or nothing of it, durable; its version. Raises `Overtaken` too."""
        ...

    def create(self, part: str, data: bytes) -> None:
        """As `write`. Raises `FileExistsError` where something stands already, however late it came."""
        ...

    def remove(self, part: str) -> None:
        """Take it away, durably, where it is there."""
        ...

    def parts(self, start: str) -> list[str]:
        """The files whose names begin so, sorted."""
        ...

    def written_at(self, part: str) -> datetime:
        """When it was last written, in UTC."""
        ...

    def journal(self, good: int) -> Journal:
        """The journal, to be written, cut after its first `good` bytes: what follows was never acknowledged."""
        ...

    def acquire(self, *, operation: str, since: str, timeout: float = 0.0) -> HeldLock:
        """Take the lock, waiting at most `timeout` seconds. Raises `StateLocked`.

        One whose owner died on this machine is taken over, and `note` says so.
        """
        ...

    def holder(self) -> "Holder | None":
        """Who holds the lock, without taking or waiting for it; None if nobody does, or a dead one of this machine."""
        ...

    def unlock(self, id: str) -> "Holder":
        """Remove the lock with this id, for an owner that is known to be gone. Raises `NotThatLock`."""
        ...

    def checks(self) -> "Mapping[str, Probe]":
        """What can be looked at where a state cannot be kept: each thing by its name."""
        ...
