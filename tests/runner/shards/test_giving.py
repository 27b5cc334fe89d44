"""What of a shard is given when, to a real engine whose workers and clock are a test's own: nobody waits for a grant,
and none is larger than it has to be."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bep.runner.events import Event, Progress
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.grants import Grant, Settled
from bep.runner.inputs import manifest
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits
from bep.runner.scheduling.tally import Ending, Tally
from bep.runner.shards.giving import SECONDS, SHARE, Giver
from bep.runner.span import Span, holes
from tests.runner.virtual_fleet import GOOD, HANGS, RAISES, VirtualFleet

Act = Callable[[int, int, int], tuple[str, float]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("given")


@dataclass
class Shard:
    """A giver in front of an engine. It looks as often as one does that shares a machine with it: at each event of
    progress, and at each answer."""

    place: Path
    act: Act
    items: int = 1000
    size: int = 1
    workers: int = 2
    grants: list[tuple[float, tuple[Span, ...]]] = field(default_factory=list)
    answers: list[tuple[float, Settled]] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = JobFolder(self.place / f"shard{len(list(self.place.iterdir()))}")
        folder.make()
        names = (f"{number:06d}".encode() for number in range(self.items))
        listed = manifest.write(folder, names, self.size)
        self.giver = Giver(self.workers, deque(holes([], self.items, listed.starts)))
        self.fleet = VirtualFleet(folder.logs, self.act)
        self.engine = EmbeddedEngine(
            self.fleet, folder.logs, Limits(60, 600, -1), self.workers, report=self.hear, cancel=threading.Event()
        )
        self.journal = Journal(folder.journal, 1000)
        self.engine.open(listed, Backlog(1, True, deque()), self.journal, Tally())
        self.done = 0

    def hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.done = event.scored + event.failed
            self.look()

    def look(self) -> None:
        while self.giver.is_due(self.fleet.now(), self.done):
            key, spans = self.giver.next(self.fleet.now())
            self.grants.append((self.fleet.now(), spans))
            self.engine.give(Grant(key, spans, self.settled))
        if self.giver.is_all_given:
            self.engine.finish()

    def settled(self, answer: Settled) -> None:
        self.answers.append((self.fleet.now(), answer))
        self.giver.settled(answer.key, self.fleet.now())
        self.look()

    def score(self) -> float:
        """The virtual seconds that it takes."""
        began = self.fleet.now()
        self.look()
        assert self.engine.serve() == Ending()
        self.journal.close()
        self.engine.close()
        assert self.giver.out == ()
        return self.fleet.now() - began

    @property
    def calls(self) -> list[int]:
        """Of each grant."""
        return [sum(span.calls for span in spans) for _, spans in self.grants]


def gaps(shard: Shard) -> list[float]:
    """How long each worker waited between two calls."""
    found = []
    for worker in {call.worker for call in shard.fleet.calls}:
        own = sorted((call for call in shard.fleet.calls if call.worker == worker), key=lambda call: call.began)
        found += [after.began - before.ends for before, after in pairwise(own)]
    return found


def steadily(seconds: float) -> Act:
    return lambda first, count, attempt: (GOOD, seconds)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 7.0, 40.0])
@pytest.mark.parametrize("workers", [1, 5])
def test_no_worker_ever_waits_for_a_grant(place: Path, seconds: float, workers: int) -> None:
    items = min(400, int(workers * 400 / seconds))
    shard = Shard(place, steadily(seconds), items=items, workers=workers)
    took = shard.score()
    assert max(gaps(shard)) < 0.2
    assert took < shard.fleet.prepare + items * seconds / workers + seconds + 0.3


def test_a_grant_is_a_call_a_worker_at_first_and_then_some_seconds(place: Path) -> None:
    shard = Shard(place, steadily(0.05), items=1500)
    shard.score()
    assert shard.calls[:2] == [2, 2]
    settled = [moment for moment, _ in shard.answers]
    assert max(after - before for before, after in pairwise(settled)) < 1.5 * SECONDS
    assert max(shard.calls) <= 1.3 * SECONDS * 2 / 0.05


def test_grants_grow_with_the_time_that_is_behind(place: Path) -> None:
    shard = Shard(place, steadily(1.0), items=2000)
    took = shard.score()
    early = max(calls for (moment, _), calls in zip(shard.grants, shard.calls, strict=True) if moment < 1000 + 100)
    assert early <= 2 * 2 * SECONDS
    assert 0.5 * SHARE * took * 2 < max(shard.calls) <= 1.3 * SHARE * took * 2
    assert len(shard.grants) < 150


def test_one_call_that_hangs_keeps_nobody_else_waiting(place: Path) -> None:
    shard = Shard(place, lambda first, count, attempt: (HANGS if first == 3 and attempt == 1 else GOOD, 0.5), items=300)
    shard.score()
    assert max(gap for gap in gaps(shard)) < 0.2
    assert {answer.key: answer.failed for _, answer in shard.answers if answer.failed} == {}


def test_a_pace_that_changes_is_followed(place: Path) -> None:
    shard = Shard(place, lambda first, count, attempt: (GOOD, 0.05 if first < 600 else 2.0), items=1200)
    shard.score()
    slow = [sum(s.calls for s in spans) for moment, spans in shard.grants if spans[0].first >= 1000]
    assert max(slow) <= 5 * SECONDS
    assert max(gaps(shard)) < 0.2


def test_whoever_has_little_room_gets_small_grants(place: Path) -> None:
    shard = Shard(place, steadily(0.01), items=200)
    shard.giver.most = 7
    shard.score()
    assert max(shard.calls) == 7


def test_what_was_not_scored_comes_first_again() -> None:
    giver = Giver(1, deque([Span(0, 10, 2)]))
    key, spans = giver.next(0.0)
    assert spans == (Span(0, 2, 2),)
    giver.give_back(giver.settled(key, 1.0))
    assert giver.next(2.0) == (2, (Span(0, 2, 2),))


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    workers=st.integers(1, 5),
    paces=st.lists(st.sampled_from([0.0, 0.001, 0.3, 4.0]), min_size=1, max_size=10),
    bad=st.sets(st.integers(0, 100)),
)
def test_everything_is_given_once_in_whole_mini_batches(
    place: Path, sizes: Sequence[int], workers: int, paces: Sequence[float], bad: set[int]
) -> None:
    def act(first: int, count: int, attempt: int) -> tuple[str, float]:
        return RAISES if bad & set(range(first, first + count)) else GOOD, paces[first % len(paces)]

    shard = Shard(place, act, items=sum(sizes), workers=workers)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    shard.giver.waiting = deque(holes([], sum(sizes), starts))
    shard.score()
    given_out = [(span.first, span.end) for _, spans in shard.grants for span in spans]
    assert given_out == [(first, first + size) for first, size in zip(starts, sizes, strict=True)]
    assert sum(answer.scored + answer.failed for _, answer in shard.answers) == sum(sizes)
