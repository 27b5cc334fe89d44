"""Follows a driver by what it says of itself in the share: whether it lives, and what of that is news.

No clock of another machine is compared with: one that lives changes what it has written while somebody looks.
"""

import time
from collections.abc import Callable
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import claims, telling
from bep.runner.cluster.telling import Driving, Node
from bep.runner.errors import NotShared, ShareRefused
from bep.runner.events import Progress, WorkerState
from bep.runner.scheduling.progress import Rate, memory_of
from bep.runner.shares.share import Share

_EVERY: Final = 0.1  # seconds between two looks
_RARELY: Final = 10.0  # and at most, where a look takes long
_SHARE: Final = 20  # of the time at most is spent with looking: one part in so many


@dataclass(slots=True, eq=False)
class Follower:
    """Looks at session `session` of a job. `silent` is for how many seconds nothing has changed; while the share
    refuses nobody can tell, and `refused_for` says for how long."""

    share: Share
    job: str
    session: str
    clock: Callable[[], float] = time.monotonic
    told: Driving | None = None
    pause: float = _EVERY
    refusal: ShareRefused | None = None
    _pulse: object = None
    _changed: float = field(init=False)
    _refused: float | None = None

    def __post_init__(self) -> None:
        self._changed = self.clock()

    def look(self) -> Driving | None:
        """What it says now; what it said before where it cannot be read."""
        began = self.clock()
        try:
            self._look()
            self._refused, self.refusal = None, None
        except ShareRefused as error:
            self._refused, self.refusal = self._refused or began, error
        took = self.clock() - began
        self.pause = min(max(_EVERY, _SHARE * took), _RARELY)
        return self.told

    def _look(self) -> None:
        try:
            found = telling.read(self.share.read(telling.place_of(self.job, self.session)))
        except NotShared:
            found = None
        if found is not None and found.session == self.session:
            self.told = found
        number = -1 if self.told is None else self.told.number
        if number == getattr(self._pulse, "number", None):
            pulse = _Pulse(number, claims.beat_of(self.share, self.job, self.session))
        else:
            pulse = _Pulse(number, None)
        if pulse != self._pulse:
            self._pulse, self._changed = pulse, self.clock()

    @property
    def silent(self) -> float:
        """Seconds."""
        return 0.0 if self._refused is not None else self.clock() - self._changed

    @property
    def refused_for(self) -> float:
        """Seconds."""
        return 0.0 if self._refused is None else self.clock() - self._refused


@dataclass(frozen=True, slots=True)
class _Pulse:
    number: int
    beat: int | None


@dataclass(slots=True)
class News:
    """What was not told before, of one session."""

    _lost: set[str] = field(default_factory=set)
    _line: int = 0

    def lost(self, told: Driving) -> list[Node]:
        """Nodes that were lost since."""
        found = [node for node in told.nodes if node.state == "lost" and node.name not in self._lost]
        self._lost.update(node.name for node in found)
        return found

    def lines(self, told: Driving) -> list[str]:
        """Lines that were said since."""
        found = [text for number, text in told.lines if number > self._line]
        self._line = max((number for number, _ in told.lines), default=self._line)
        return found


@dataclass(slots=True)
class Gauge:
    """Makes events of progress. `scored` and `failed` are items of earlier runs and sessions."""

    items: int
    workers: int
    scored: int
    failed: int
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _rate: Rate = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._rate = Rate(self.scored + self.failed, self._began)

    def read(self, told: Driving | None, retries: int, workers_lost: int) -> Progress:
        """The event of this moment; `retries` and `workers_lost` are of all runs."""
        now = self.clock()
        scored = self.scored + (told.scored if told else 0)
        failed = self.failed + (told.failed + told.given_up if told else 0)
        states = states_of(told)
        known = memory_of(states)
        ready = sum(state.state != "preparing" for state in states)
        self._rate.see(now, scored + failed, is_working=ready > 0)
        return Progress(
            items=self.items,
            scored=scored,
            failed=failed,
            items_per_second=self._rate.recent(now),
            elapsed=now - self._began,
            eta=self._rate.eta(self.items - scored - failed, now),
            workers_ready=ready,
            workers=self.workers,
            retries=retries,
            workers_lost=workers_lost,
            memory=sum(size for _, size in known) or None,
            memory_of=known,
            worker_states=states,
            waits_for=told.waits_for if told else "",
        )


def states_of(told: Driving | None) -> tuple[WorkerState, ...]:
    """The workers of all nodes, each counted to its node."""
    return tuple(
        WorkerState(name, node.name, state, seconds, item, memory)
        for node in (told.nodes if told else ())
        for name, state, seconds, item, memory in node.workers
    )
