"""Holder: who has the lock of a state, and the errors that name him. Knows no lock and no place."""

from pathlib import Path

from bep.lazy_dataclasses import dataclass
from bep.providers.state.owner import Owner, is_dead, is_here
from bep.schemas.next_step import Advised, again, step


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, since when (UTC, as text), for what, and how many of how many changes are behind it.

    `program` is whose lock it is: another tool may keep its state by the same rules. Its process is not known.
    """

    id: str
    owner: Owner
    since: str
    operation: str
    done: int = 0
    total: int = 0
    program: str = "bep"

    def __str__(self) -> str:
        progress = f", {self.done} of {self.total} changes done" if self.total else ""
        owner, doing = self.owner, self.operation.removeprefix("bep ")  # an earlier bep wrote its own name, too
        whose = f"{owner.who} on {owner.host}" + (f" (process {owner.pid})" if owner.pid else "")
        return f"{self.program} {doing} by {whose} since {self.since}{progress}"


def at_work(holder: Holder | None) -> Holder | None:
    """The holder, but for one that died on this machine."""
    if holder is None or (is_here(holder.owner) and is_dead(holder.owner)):
        return None
    return holder


class StateLocked(Advised):
    """Someone else holds the lock. `holder` is None in the instant before they have written who they are."""

    def __init__(self, path: Path | str, holder: Holder | None) -> None:
        self.path = path
        self.holder = holder
        whose = str(holder) if holder else "a process that has only just taken it"
        super().__init__(f"the state is locked: {whose}\n    fix: {self._fix()}")

    def _fix(self) -> str:
        holder = self.holder
        if holder is None or (is_here(holder.owner) and not is_dead(holder.owner)):
            wait = again(lock_timeout="SECONDS")
            self.advise((wait,))
            return f"wait until it has finished ({wait} waits for it), then plan again"
        unlock = step("unlock", holder.id)
        self.advise((unlock,))
        return f"if you are sure that it no longer runs: {unlock}"


class NotThatLock(Exception):
    """`unlock` named a lock that is not the one there, or one whose owner is at work."""
