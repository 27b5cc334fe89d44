"""Where a running job is, as an event: counts, rate, what the workers hold. Decides nothing."""

from collections import deque
from collections.abc import Callable, Sequence

from bep.lazy_dataclasses import dataclass, field
from bep.runner.events import Progress, WorkerState
from bep.runner.scheduling.tally import Tally
from bep.runner.scheduling.workers import Worker
from bep.runner.worker import wire

PERIOD = 0.25  # seconds between two events
_RECENT = 10.0  # seconds that the rate is of
_STEADY = 60.0  # seconds that the estimate of what is left is of
_STEPS = 3  # readings that brought something, at least, in either
_KEPT = 256


@dataclass(slots=True)
class Rate:
    """Items a second, from readings of how many are done.

    The clock starts when the first worker is ready, or brings something: starting workers, and what earlier runs did,
    count for nothing. Of the last seconds asked for, or of as many more as hold three readings that brought something,
    so that slow items in bursts do not make it jump; up to now, so that it falls while nothing comes.
    """

    before: int
    began: float
    _steps: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def see(self, now: float, done: int, *, is_working: bool) -> None:
        """A reading. `now` is any clock in seconds, and never goes back."""
        if not self._steps:
            self._steps.append((self.began, self.before))
        if len(self._steps) == 1 and not is_working and done == self.before:
            self.began = now
            self._steps[0] = (now, done)
        elif done != self._steps[-1][1]:
            self._steps.append((now, done))

    def over(self, seconds: float, now: float) -> float:
        """Items a second over the last `seconds`; 0 before anything is done."""
        if not self._steps:
            return 0.0
        last = max(0, len(self._steps) - 1 - _STEPS)
        first = next((n for n in range(last, 0, -1) if self._steps[n][0] <= now - seconds), 0)
        moment, done = self._steps[first]
        return (self._steps[-1][1] - done) / (now - moment) if now > moment else 0.0

    def recent(self, now: float) -> float:
        """Items a second, as a user is told."""
        return self.over(_RECENT, now)

    def eta(self, left: int, now: float) -> float | None:
        """Seconds until so many items are done; None while unknown."""
        steady = self.over(_STEADY, now)
        return max(0, left) / steady if steady else None


def memory_of(states: Sequence[WorkerState]) -> tuple[tuple[str, int], ...]:
    """What each worker and its children hold, of those of which it is known, in bytes."""
    return tuple((state.name, state.memory) for state in states if state.memory)


@dataclass(slots=True)
class Gauge:
    """Measures one run of a job, by a clock in seconds. `before` is how many items earlier runs have done."""

    items: int
    workers: int
    before: int
    now: Callable[[], float]
    _began: float = field(init=False)
    _rate: Rate = field(init=False)
    _doing: dict[str, tuple[str, int | None, float]] = field(default_factory=dict)
    _told: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._told = self.now()
        self._rate = Rate(self.before, self._began)

    def is_due(self) -> bool:
        """Whether it is time for the next event; asked once for each."""
        now = self.now()
        if now - self._told < PERIOD:
            return False
        self._told = now
        return True

    def read(self, tally: Tally, scored: int, short: int, workers: Sequence[Worker]) -> Progress:
        """The event of this moment. `scored` and `short` are items in journals, of workers that live too."""
        failed, now = short + tally.given_up, self.now()
        done = scored + failed
        self._rate.see(now, done, is_working=any(worker.ready for worker in workers))
        states = self._states(workers, now)
        known = memory_of(states)
        return Progress(
            items=self.items,
            scored=scored,
            failed=failed,
            items_per_second=self._rate.recent(now),
            elapsed=now - self._began,
            eta=self._rate.eta(self.items - done, now),
            workers_ready=sum(worker.ready for worker in workers),
            workers=self.workers,
            retries=tally.retries,
            workers_lost=tally.workers_lost,
            memory=sum(size for _, size in known) or None,
            memory_of=known,
            worker_states=states,
        )

    def _states(self, workers: Sequence[Worker], now: float) -> tuple[WorkerState, ...]:
        doing: dict[str, tuple[str, int | None, float]] = {}
        for worker in workers:
            state, (item, since) = _state(worker), _at(worker, now)
            seen = self._doing.get(worker.process.name)
            doing[worker.process.name] = seen if seen and seen[:2] == (state, item) else (state, item, since)
        self._doing = doing
        return tuple(
            WorkerState(
                worker.process.name, worker.process.log.parent.name, state, now - since, item, worker.process.memory()
            )
            for worker, (state, item, since) in zip(workers, doing.values(), strict=True)
        )


def _at(worker: Worker, now: float) -> tuple[int | None, float]:
    """The first item of the call that a worker is in, and since when; else the first that it was handed, since now."""
    heartbeat = worker.process.heartbeat()
    if heartbeat.phase == wire.RUNNING and heartbeat == worker.process.heartbeat():
        return heartbeat.first, heartbeat.started
    return worker.leases[0].span.first if worker.leases else None, now


def _state(worker: Worker) -> str:
    if worker.kill_reason:
        return "ending"
    if not worker.ready:
        return "preparing"
    return "stopping" if worker.stopping else "scoring" if worker.leases else "waiting"
