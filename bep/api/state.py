"""The state of a workspace from Python: what bep last knew, looked at and mended. Decides nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.api.errors import public_errors
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.api.workspace import Workspace


@dataclass(frozen=True)
class Stored:
    """A state that was put in place: its serial, how many resources it has, where what it replaced is kept."""

    serial: int
    resources: int
    replaced: tuple[Path | str, ...]


@dataclass(frozen=True)
class State:
    """The state of a workspace. No call here touches an object of the world."""

    _workspace: "Workspace"

    def list(self, prefix: str = "") -> "Sequence[str]":
        """The addresses in the state that begin so, sorted."""
        with public_errors():
            known = self._workspace._opened().recorded.entries
            return [address for address in sorted(known) if address.startswith(prefix)]

    def show(self, address: str) -> dict[str, Any]:
        """One entry as it is kept, secrets as digests."""
        from bep.app.workspace.showing import entry_of

        with public_errors():
            entry = entry_of(self._workspace._opened().recorded, address)
            return entry.model_dump(mode="json", exclude_defaults=True)

    def remove(self, *addresses: str, lock_timeout: float = 0) -> "Sequence[str]":
        """Drop entries; the objects stay, and bep no longer looks after them. Which were dropped."""
        from bep.app.upkeep.state_editing import editing, remove

        with (
            public_errors(),
            editing(self._workspace._opened(), "state rm", _unheard, lock_timeout=lock_timeout) as session,
        ):
            return [entry.address for entry in remove(session, addresses)]

    def move(self, old: str, new: str, *, lock_timeout: float = 0) -> str:
        """Follow an object that was renamed outside bep: `new`, which must exist, takes the place of `old`."""
        from bep.app.upkeep.state_editing import editing, move

        with public_errors():
            opened = self._workspace._opened()
            with editing(opened, "state mv", _unheard, lock_timeout=lock_timeout) as session:
                return move(opened, session, old, new).address

    def pull(self) -> str:
        """The whole state as text. It has the key that stands behind the digests of secrets: keep it private."""
        from bep.app.upkeep.state_editing import pulled

        with public_errors():
            return pulled(self._workspace._opened())

    def push(self, file: str | Path, *, force: bool = False) -> Stored:
        """Put a state from elsewhere in place. Raises `Conflict` where it does not follow the one that is there."""
        from bep.app.upkeep.state_editing import push

        with public_errors():
            state, aside = push(self._workspace._opened(), Path(file), force=force)
        return Stored(state.serial, len(state.entries), aside)

    def copies(self) -> "Sequence[dict[str, object]]":
        """The copies of earlier states that can be put back, newest first."""
        from bep.app.upkeep.state_editing import copies

        with public_errors():
            return copies(self._workspace._opened())

    def restore(self, source: int | str | Path) -> Stored:
        """Put the copy of a serial, or a file, in place of the state."""
        from bep.app.upkeep.state_editing import restore

        with public_errors():
            chosen = source if isinstance(source, int) else Path(source)
            state, aside = restore(self._workspace._opened(), chosen)
        return Stored(state.serial, len(state.entries), aside)

    def migrate(self, source: str = "", *, lock_timeout: float = 0) -> Stored:
        """Move the state to where bep.yml says it is kept now. `source` is where it was: a path, or as bep.yml says it.

        Empty, it is where the state is by default. `replaced` has the old place.
        """
        from bep.app.upkeep.state_editing import migrate

        with public_errors():
            state, old = migrate(self._workspace._opened(), source, lock_timeout=lock_timeout)
        return Stored(state.serial, len(state.entries), (old,))

    def repair(self, *, dry_run: bool = False) -> dict[str, Any]:
        """Compare stored bytes with their digests; put back what the specs' files have still. Plain values."""
        from bep.app.upkeep.repairing import repair

        with public_errors():
            found = repair(self._workspace._opened(), _unheard, dry_run=dry_run)
        damages = [damage.as_json() for damage in found.damages]
        return {"read": found.read, "damaged": damages, "left": found.left, "dry_run": dry_run}


def _unheard(said: object) -> None:
    """Hears what a person would be told on the way."""
