"""The rate of a running job: of the last seconds, blind to what was before the first worker was ready."""

import pytest

from bep.runner.scheduling.progress import Rate


def test_starting_workers_does_not_count() -> None:
    rate = Rate(before=0, began=0.0)
    for second in range(30):
        rate.see(float(second), 0, is_working=False)
    for second in range(30, 35):
        rate.see(float(second), (second - 29) * 100, is_working=True)
    assert rate.over(60, 34.0) == pytest.approx(100)


def test_what_earlier_runs_did_does_not_count() -> None:
    rate = Rate(before=9_000, began=0.0)
    rate.see(0.0, 9_000, is_working=True)
    rate.see(2.0, 9_020, is_working=True)
    assert rate.over(60, 2.0) == pytest.approx(10)


def test_a_job_that_slows_down_is_seen_to() -> None:
    rate = Rate(before=0, began=0.0)
    for second in range(1, 101):
        rate.see(float(second), second * 100, is_working=True)
    for second in range(101, 121):
        rate.see(float(second), 10_000 + (second - 100), is_working=True)
    assert rate.over(10, 120.0) == pytest.approx(1)
    assert rate.over(60, 120.0) > 30


def test_bursts_further_apart_than_the_window_keep_a_rate() -> None:
    rate = Rate(before=0, began=0.0)
    for burst in range(1, 7):
        rate.see(burst * 20.0, burst * 40, is_working=True)
    assert rate.over(10, 120.0) == pytest.approx(2)


def test_a_job_that_stands_still_gets_slower_and_slower() -> None:
    rate = Rate(before=0, began=0.0)
    rate.see(1.0, 100, is_working=True)
    assert rate.over(10, 1.0) > rate.over(10, 50.0) > rate.over(10, 100.0) > 0


def test_nothing_done_is_no_rate() -> None:
    rate = Rate(before=5, began=0.0)
    assert rate.over(10, 1.0) == 0
    rate.see(1.0, 5, is_working=True)
    assert rate.over(10, 9.0) == 0
