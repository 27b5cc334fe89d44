"""How much work goes into one lease. Pure: seconds come from outside."""

from math import inf

from bep.lazy_dataclasses import dataclass

LEASE_SECONDS = 0.02  # a round trip to a worker, 40 microseconds, is a five-hundredth of it


@dataclass(slots=True)
class Pace:
    """Seconds for one call of `run()`, as lately seen; 0 before the first."""

    seconds: float = 0.0

    def learn(self, calls: int, seconds: float) -> None:
        """So many calls have taken so long, by the worker's clock: one that a script meddles with teaches nothing."""
        if not 0 < seconds < inf:
            return
        new = seconds / calls
        self.seconds = 0.7 * self.seconds + 0.3 * new if self.seconds else new

    def calls(self, waiting: int, workers: int) -> int:
        """For the next lease: one until the pace is known, and fewer near the end so that all workers end together."""
        fair = -(-waiting // (2 * workers))
        return max(1, min(int(LEASE_SECONDS / self.seconds) if self.seconds else 1, fair))
