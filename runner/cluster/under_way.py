"""One run of a job on a cluster while it goes: what its drivers commit is collected, what they say is told.

Knows how a session speaks; starts none.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import journal as commits
from bep.runner.cluster.collecting import Collector
from bep.runner.cluster.following import Gauge, News
from bep.runner.cluster.journal import Committed
from bep.runner.cluster.orders import Calls, Order
from bep.runner.cluster.remaining import Lost, harvest_of
from bep.runner.cluster.telling import Driving
from bep.runner.errors import ShareRefused
from bep.runner.events import WorkerLost
from bep.runner.scheduling.tally import Tally
from bep.runner.transfer.transfers import Board

_EVERY: Final = 2.0  # seconds between two looks at what was committed


@dataclass(slots=True, eq=False)
class UnderWay:
    """`before` is what earlier runs have done; `say` is told each line of a driver. Of one thread."""

    collector: Collector
    before: Tally
    workers: int
    say: Callable[[str], None]
    order: Order | None = None
    _gauge: Gauge = field(init=False)
    _calls: Calls = field(init=False)
    _session: str = ""
    _number: int = 0
    _news: News = field(default_factory=News)
    _told: Driving | None = None
    _past: list[Driving] = field(default_factory=list)
    _looked: float = 0.0
    _seen: int = -1
    _lost: list[Lost] = field(default_factory=list)

    def begin(self) -> None:
        """All that earlier runs have left is collected."""
        before, collector = self.before, self.collector
        scored, failed = before.scored + collector.scored, before.failed + collector.failed
        self._gauge = Gauge(collector.listed.items, self.workers, scored, failed)

    def follow(self, session: str) -> None:
        """From now on it is this session that is heard."""
        assert self.order is not None
        self._calls = self.order.calls
        self._end_session()
        self._session, self._number, self._news, self._seen = session, 0, News(), -1

    def _end_session(self) -> None:
        if self._told is not None:
            self._past.append(self._told)
            self._gauge.scored += self._told.scored
            self._gauge.failed += self._told.failed + self._told.given_up
        self._told = None

    def hear(self, told: Driving | None) -> None:
        """Tell what is new, and collect where that is worth it."""
        self._told = told
        if told is not None:
            for node in self._news.lost(told):
                self.collector.report(WorkerLost(node.name, f"lost {node.host}: {node.why}"))
            for line in self._news.lines(told):
                self.say(line)
        tally = Tally(retries=self.before.retries, workers_lost=self.before.workers_lost)
        self.count(tally)
        self.collector.report(self._gauge.read(told, tally.retries, tally.workers_lost))
        if told is not None and told.scored + told.failed != self._seen and time.monotonic() - self._looked > _EVERY:
            self._seen = told.scored + told.failed
            with suppress(ShareRefused):  # there is time for that later
                self._look()
                if self.collector.is_worth_it:
                    self.collector.collect(Board("fetching what was scored", ShareRefused))
            self._looked = time.monotonic()

    def count(self, tally: Tally) -> None:
        """Add what only drivers know."""
        for told in (*self._past, *([self._told] if self._told else [])):
            tally.retries += told.retries
            tally.splits += told.splits
            tally.workers_lost += told.workers_lost

    def collect_all(self, board: Board) -> None:
        """Collect all that the session has committed, when it is over. Raises `ShareRefused`, `OSError`."""
        self._look()
        self.collector.collect(board)
        self.collector.remove_damaged()
        self.collector.give_up(self._lost)

    def _look(self) -> None:
        """Read the commits of the session that are new: they are numbered without a gap."""
        assert self.order is not None
        shared, number = self.collector.shared, self.order.number
        while True:
            place = commits.name_of(number, self._session, self._number + 1)
            name = place.rpartition("/")[2]
            found = commits.read_one(shared.share, shared.place(place), name, self.collector.listed.digest)
            if found is None:
                return
            self._number += 1
            harvest = harvest_of(Committed(found.counted, found.given_up), self._calls)
            self.collector.want(harvest.pieces)
            self._lost += harvest.lost
