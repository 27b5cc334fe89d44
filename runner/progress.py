"""Where a running job is, as an event: counts, rate, what the workers hold. Decides nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bep.runner.events import Progress
from bep.runner.memory import resident
from bep.runner.tally import Tally
from bep.runner.workers import Worker

PERIOD = 0.25  # seconds between two events


@dataclass(slots=True)
class Gauge:
    """Measures one run of a job. `before` is how many items earlier runs have done."""

    items: int
    workers: int
    before: int
    _began: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        """Whether it is time for the next event; asked once for each."""
        now = time.monotonic()
        if now - self._told < PERIOD:
            return False
        self._told = now
        return True

    def read(self, tally: Tally, scored: int, short: int, crew: Sequence[Worker]) -> Progress:
        """The event of this moment. `scored` and `short` are items in journals, of workers that live too."""
        failed = short + tally.given_up
        elapsed = time.monotonic() - self._began
        rate = (scored + failed - self.before) / elapsed if elapsed else 0.0
        memory = [(worker.name, resident(worker.process.pid)) for worker in crew]
        known = tuple((name, size) for name, size in memory if size is not None)
        return Progress(
            items=self.items,
            scored=scored,
            failed=failed,
            items_per_second=rate,
            elapsed=elapsed,
            eta=(self.items - scored - failed) / rate if rate else None,
            workers_ready=sum(worker.ready for worker in crew),
            workers=self.workers,
            retries=tally.retries,
            workers_lost=tally.workers_lost,
            memory=sum(size for _, size in known) if len(known) == len(memory) else None,
            memory_of=known,
        )
