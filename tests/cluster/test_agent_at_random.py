"""Grants given, revoked and given again, workers killed meanwhile: every item ends in one segment that is told of."""

import os
import random
import signal
from collections import Counter, deque
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bep.runner.cluster.lines import Piece, Returned, Settled
from tests.cluster.driving_agents import FakeDriver, Ordered, driving, ordered, scored_here

SCRIPT = """
    import os, time
    def init():
        with open(os.environ["PREPARED"], "a") as file:
            file.write("%d\\n" % os.getpid())
    def run(mini_batch):
        time.sleep(0.002)
        if any(path.endswith("7.txt") for path in mini_batch):
            raise ValueError("seven")
        return [os.path.basename(path) for path in mini_batch]
"""

Spans = tuple[tuple[int, int, int], ...]


class Driving:
    """Gives all that there is, at most two grants at a time, and whatever comes back once more."""

    def __init__(self, driver: FakeDriver, waiting: deque[Spans], chance: random.Random, prepared: Path) -> None:
        self.driver, self.waiting, self.chance, self.prepared = driver, waiting, chance, prepared
        self.pieces: list[Piece] = []
        self.given_back = self.key = 0
        self.told = 0

    def carry_out(self) -> None:
        out: set[int] = set()
        while self.waiting or out:
            while self.waiting and len(out) < 2:
                self.key += 1
                self.driver.give(self.key, *self.waiting.popleft())
                out.add(self.key)
            self.disturb(out)
            settled = self.driver.heard(Settled)
            out.remove(settled.key)
            self.pieces += settled.pieces
            self.take_back(settled)

    def disturb(self, out: set[int]) -> None:
        """Revoke one, or kill a worker, or neither."""
        fate = self.chance.random()
        if fate < 0.3:
            self.driver.revoke(self.chance.choice(sorted(out)))
        elif fate < 0.4 and self.prepared.exists():
            process = int(self.prepared.read_text().split()[-1])
            if Path(f"/proc/{process}").exists():
                os.kill(process, signal.SIGKILL)

    def take_back(self, settled: Settled) -> None:
        """What came back with this answer, and before it, of any grant."""
        told = self.driver.of(Returned)
        back = [*settled.returned, *(span for one in told[self.told :] for span in one.spans)]
        self.told = len(told)
        self.given_back += len(back)
        self.waiting.extend((span,) for span in back)


def grants(job: Ordered, chance: random.Random) -> deque[Spans]:
    """All items, in grants of several calls each, in any order."""
    items, size = job.prepared.counts.items, job.prepared.stride
    edges = sorted({0, items, *(size * chance.randrange(items // size) for _ in range(20))})
    made: list[Spans] = [((first, end - first, size),) for first, end in pairwise(edges)]
    chance.shuffle(made)
    return deque(made)


@pytest.mark.parametrize("seed", range(3))
def test_every_item_is_in_one_segment_that_is_told_of(tmp_path: Path, seed: int) -> None:
    chance, prepared = random.Random(seed), tmp_path / "prepared"
    how: dict[str, Any] = {"items": 240, "mini_batch_size": 2, "max_retries": 3}
    job = ordered(tmp_path, SCRIPT, variables={"PREPARED": str(prepared)}, **how)
    with driving(job) as driver:
        given = Driving(driver, grants(job, chance), chance, prepared)
        given.carry_out()
        assert driver.stop() == 0
    covered = Counter(item for piece in given.pieces for item in range(piece.first, piece.end))
    assert covered == Counter(range(240))
    assert {7, 17, 237} <= job.failed(given.pieces)
    assert len(job.failed(given.pieces)) == 24
    here = scored_here(job, SCRIPT, variables={"PREPARED": str(prepared)}, **how)
    assert job.rows(given.pieces) == here
