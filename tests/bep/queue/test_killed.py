"""Whoever looks after a queue killed at random moments; `python -m tests.faults queue` has the long version."""

from pathlib import Path

from tests.faults.queueing import queue_at_random


def test_a_killed_dispatcher_loses_no_job_and_runs_none_twice(tmp_path: Path) -> None:
    seen = queue_at_random(tmp_path, rounds=3, jobs=5)
    assert (seen.lost, seen.twice, seen.differing, seen.over) == (0, 0, 0, 0)
    assert seen.kills > 3


def test_killed_jobs_go_on_and_write_the_same(tmp_path: Path) -> None:
    seen = queue_at_random(tmp_path, rounds=1, jobs=6, hosts=True, seed=3)
    assert (seen.lost, seen.differing) == (0, 0)
