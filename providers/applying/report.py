"""What came of a plan, change by change. A value; it prints nothing."""

from enum import StrEnum
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.planner.plan import Change


class Ended(StrEnum):
    """How one change ended. Skipped: something it needs failed. Not started: the apply was stopped before it."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_STARTED = "not started"


class World(StrEnum):
    """What is known of the object of a change that was not done: whether it is there now."""

    THERE = "there"
    ABSENT = "absent"
    UNKNOWN = "unknown"
    UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Result:
    """One change and how it ended. `because` is the id of the change whose failure made this one skipped.

    `message` may be shown; `error` may repeat a secret and is for a debugger.
    """

    change: Change
    ended: Ended
    message: str = ""
    because: str = ""
    world: World = World.UNTOUCHED
    attempts: int = 0
    seconds: float = 0.0
    error: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """Every change of the plan, in its order.

    `broken` says why recording stopped, if it did; `rescue` is the file that then has the whole state.
    """

    results: tuple[Result, ...]
    stopped: bool = False
    broken: Exception | None = None
    rescue: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all was done, and recorded."""
        return self.broken is None and self.count(Ended.DONE) == len(self.results)

    def count(self, ended: Ended) -> int:
        """How many changes ended so."""
        return sum(result.ended is ended for result in self.results)

    def those(self, ended: Ended) -> tuple[Result, ...]:
        """The results that ended so, in the plan's order."""
        return tuple(result for result in self.results if result.ended is ended)
