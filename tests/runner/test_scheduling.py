"""Scheduling without processes, in virtual time: what a real fleet would need hours or luck for."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bep.runner.cluster import engine as cluster_engine
from bep.runner.engine import ENGINES, engine_of
from bep.runner.errors import JobInvalid
from bep.runner.events import Event, MiniBatchFailed
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.inputs import manifest
from bep.runner.jobs import embedded
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits
from bep.runner.scheduling.tally import Ending, Tally
from bep.runner.span import holes
from tests.runner.conftest import Jobs
from tests.runner.virtual_fleet import DIES, GOOD, HANGS, RAISES, VirtualFleet

Act = Callable[[int, int, int], tuple[str, float]]


@dataclass
class Run:
    """One run of an engine over a virtual fleet."""

    fleet: VirtualFleet
    engine: EmbeddedEngine
    ending: Ending
    seconds: float
    events: list[Event] = field(default_factory=list)

    def scored(self) -> int:
        return self.engine.tally.scored


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("virtual")


def run(
    place: Path, act: Act, *, items: int, size: int = 1, workers: int = 2, timeout: float = 1000, max_retries: int = 3
) -> Run:
    folder = JobFolder(place / f"job{len(list(place.iterdir()))}")
    folder.make()
    listed = manifest.write(folder, (f"{number:05d}".encode() for number in range(items)), size)
    events: list[Event] = []
    fleet = VirtualFleet(folder.logs, act)
    limits = Limits(timeout, 600, -1)
    engine = EmbeddedEngine(fleet, folder.logs, limits, workers, report=events.append, cancel=threading.Event())
    backlog = Backlog(max_retries, True, deque(holes([], items, listed.starts)))
    journal = Journal(folder.journal, 1000)
    began = fleet.now()
    engine.open(listed, backlog, journal, Tally())
    engine.finish()
    ending = engine.serve()
    journal.close()
    engine.close()
    assert fleet.is_closed
    assert fleet.here == []
    return Run(fleet, engine, ending, fleet.now() - began, events)


def test_workers_end_together(place: Path) -> None:
    found = run(place, lambda first, count, attempt: (GOOD, 3.6 if first else 90.0), items=1000, workers=4)
    assert (found.ending, found.scored(), found.engine.tally.failed) == (Ending(), 1000, 0)
    assert len(found.fleet.calls) == 1000
    ideal = 1.0 + (999 * 3.6 + 90) / 4
    assert ideal - 1e-6 < found.seconds < ideal + 2 * 3.6


def test_what_waits_behind_a_slow_call_is_done_by_others(place: Path) -> None:
    """Short calls are leased by the dozen; a slow one must not keep what is behind it from idle workers."""
    found = run(place, lambda first, count, attempt: (GOOD, 500.0 if first == 7 else 0.001), items=400, workers=2)
    assert found.scored() == 400
    assert Counter(call.first for call in found.fleet.calls).most_common(1)[0][1] == 1
    assert found.seconds < 502.5


SLOW_AMONG_FAST = """
    import os, time
    def run(mini_batch):
        with open(os.environ["CALLS"], "a") as calls:
            calls.write(os.path.basename(mini_batch[0]) + "\\n")
        time.sleep(1.5 if mini_batch[0].endswith("00007.txt") else 0.001)
        return ["scored"]
"""


def test_what_was_taken_back_is_called_once_by_processes_too(jobs: Jobs) -> None:
    """More than one lease is taken back from a worker that is busy with an earlier one; it must do none of them."""
    calls = jobs.root / "calls"
    record, _ = jobs.score(SLOW_AMONG_FAST, items=400, mini_batch_size=1, workers=2, variables={"CALLS": str(calls)})
    assert record.counts.scored == 400
    assert set(Counter(calls.read_text().split()).values()) == {1}


def test_a_hanging_mini_batch_ends_after_eight_calls(place: Path) -> None:
    found = run(place, lambda first, count, attempt: (HANGS, 0.0), items=10, size=10, timeout=600)
    assert (len(found.fleet.calls), found.engine.tally.given_up, found.engine.tally.splits) == (8, 10, 1)
    assert found.ending.error is None
    assert 8 * 600 / 2 <= found.seconds < 8 * 610


@settings(max_examples=30)
@given(
    bad=st.dictionaries(st.integers(0, 59), st.sampled_from([RAISES, DIES, HANGS]), max_size=6),
    size=st.sampled_from([1, 3, 10]),
    workers=st.integers(1, 5),
    max_retries=st.integers(0, 3),
)
def test_every_item_is_scored_or_failed_and_no_good_call_is_made_twice(
    place: Path, bad: dict[int, str], size: int, workers: int, max_retries: int
) -> None:
    def act(first: int, count: int, attempt: int) -> tuple[str, float]:
        hows = [bad[item] for item in range(first, first + count) if item in bad]
        return (hows[0] if hows else GOOD), 0.5

    found = run(place, act, items=60, size=size, workers=workers, timeout=30, max_retries=max_retries)
    assert found.ending == Ending()
    tally = found.engine.tally
    assert tally.scored + tally.failed == 60
    assert tally.failed >= len(bad)
    good = Counter(call.first for call in found.fleet.calls if act(call.first, call.count, 1)[0] == GOOD)
    # a call that waited behind one whose worker died may have begun; no other is begun twice
    assert all(number == 1 for number in good.values())
    given_up = sum(
        isinstance(event, MiniBatchFailed) and not event.will_retry and not event.is_split for event in found.events
    )
    assert (given_up == 0) == (not bad)


def test_the_table_of_engines_has_each(place: Path) -> None:
    assert {"embedded": embedded.__name__, "ray": cluster_engine.__name__} == ENGINES
    with pytest.raises(JobInvalid, match="there is no engine 'dask'; there is embedded, ray"):
        engine_of("dask", None)  # type: ignore[arg-type]
