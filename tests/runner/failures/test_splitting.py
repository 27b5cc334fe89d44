"""Finding the bad files of a mini-batch costs no more calls than its settings allow."""

import threading
from collections import Counter, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.runner.events import MiniBatchFailed
from bep.runner.folder.journal import Failure, read
from bep.runner.folder.record import Status
from bep.runner.jobs import running
from bep.runner.jobs.totals import replay
from bep.runner.reporting.text import lines
from bep.runner.scheduling.backlog import Backlog
from bep.runner.span import Span
from bep.runner.verdicts import Ended, Verdict
from tests.runner.conftest import Jobs

# Every call of run() appends its files to a file of its own kind, in one write.
COUNTED = """
    import os, time
    def run(mini_batch):
        names = " ".join(os.path.basename(path) for path in mini_batch)
        with open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/calls", "a") as calls:
            calls.write(names + "\\n")
        {how}
        return [open(path).read() for path in mini_batch]
"""
HANGS = "time.sleep(60)"


def calls_of(jobs: Jobs, name: str = "job") -> list[int]:
    """How many files each call of run() had."""
    return [len(line.split()) for line in (jobs.root / "outputs" / name / "calls").read_text().splitlines()]


def failures_of(jobs: Jobs) -> list[MiniBatchFailed]:
    return [event for event in jobs.events if isinstance(event, MiniBatchFailed)]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_hanging_mini_batch_costs_as_many_calls_again_as_its_attempts(jobs: Jobs, workers: int) -> None:
    script = COUNTED.format(how=HANGS)
    record, _ = jobs.score(script, items=10, workers=workers, mini_batch_size=10, max_retries=3, timeout=0.3)
    assert len(calls_of(jobs)) == 8
    assert calls_of(jobs)[:4] == [10] * 4
    assert (record.counts.failed, record.counts.workers_lost) == (10, 8)
    assert (record.counts.retries, record.counts.splits) == (3, 1)
    failed = (record.folder / "failed_items.jsonl").read_text()
    assert all(f"{number:05d}.txt" in failed for number in range(10))
    assert failed.count('"type": "Timeout"') == 10
    assert failed.count("whether this is one is not known") == 6


@pytest.mark.parametrize(
    ("how", "code"),
    [("if '00006' in names: time.sleep(60)", "Timeout"), ("if '00006' in names: os._exit(3)", "WorkerExited")],
)
def test_one_bad_file_is_found_within_the_bound(jobs: Jobs, how: str, code: str) -> None:
    record, output = jobs.score(
        COUNTED.format(how=how), items=10, workers=2, mini_batch_size=10, max_retries=3, timeout=0.3
    )
    assert output.split() == [str(n) for n in range(10) if n != 6]
    assert record.counts.failed == 1
    assert record.counts.workers_lost <= 8
    assert record.failures[0].code == code
    assert record.failures[0].files[0].endswith("00006.txt")


def test_a_call_that_only_has_too_many_files_for_its_time_is_scored_in_parts(jobs: Jobs) -> None:
    how = "if len(mini_batch) > 5: time.sleep(60)"
    record, output = jobs.score(
        COUNTED.format(how=how), items=10, workers=1, mini_batch_size=10, max_retries=1, timeout=0.5
    )
    assert (record.status, record.counts.failed) == (Status.COMPLETED, 0)
    assert output.split() == [str(n) for n in range(10)]
    assert calls_of(jobs) == [10, 10] + [1] * 10


@pytest.mark.parametrize("how", ["raise ValueError('all bad')", "return [{'a': 1}, {'b': 2}]"])
def test_calls_that_end_at_once_are_split_to_single_items_at_twice_their_number(jobs: Jobs, how: str) -> None:
    record, _ = jobs.score(
        COUNTED.format(how=f"if len(mini_batch) > 1 or 'raise' in {how!r}: {how}"),
        items=16, mini_batch_size=16, max_retries=1, output_format="csv",
    )  # fmt: skip
    calls = calls_of(jobs)
    attempts = 2 if "raise" in how else 1  # the same call would return the same columns
    assert Counter(calls[:attempts]) == {16: attempts}
    assert len(calls) - attempts <= 32
    assert calls.count(1) >= 16
    assert record.counts.failed == (16 if "raise" in how else 0)


@pytest.mark.parametrize(
    ("script", "code", "calls"),
    [
        (COUNTED.format(how="return None"), "WrongResult", [10]),
        (COUNTED.format(how="return 7"), "WrongResult", [10]),
        ("def run(): return []", "TypeError", None),
        ("def run(first, second, third): return []", "TypeError", None),
    ],
)
def test_what_no_call_can_pass_is_neither_repeated_nor_split(
    jobs: Jobs, script: str, code: str, calls: list[int] | None
) -> None:
    record, _ = jobs.score(script, items=10, mini_batch_size=10, max_retries=3)
    assert [(event.error_type, event.attempt, event.will_retry) for event in failures_of(jobs)] == [(code, 1, False)]
    assert (record.counts.failed, record.counts.retries, record.counts.splits) == (10, 0, 0)
    assert calls is None or calls_of(jobs) == calls


@pytest.mark.parametrize("how", [{"max_retries": 0}, {"max_retries": 2, "bisect": False}])
def test_no_retries_or_no_bisect_is_no_split(jobs: Jobs, how: dict[str, int]) -> None:
    record, _ = jobs.score(COUNTED.format(how="raise ValueError('x')"), items=10, mini_batch_size=10, **how)
    assert calls_of(jobs) == [10] * (1 + how["max_retries"])
    assert record.counts.failed == 10


def test_a_split_is_called_one_wherever_it_is_told(jobs: Jobs) -> None:
    how = "if '00003' in names: raise ValueError('bad')"
    record, _ = jobs.score(COUNTED.format(how=how), items=10, mini_batch_size=10, max_retries=1)
    told = failures_of(jobs)
    assert [event.is_split for event in told] == [False, True, True, True, True, False, False]
    assert "failed (split to find the bad files): ValueError: bad" in (record.folder / "logs/job_error.txt").read_text()
    assert "2 attempts were repeated, 1 mini-batch split to find the bad files" in lines(record)


def test_a_job_killed_while_it_splits_spends_no_more_than_one_that_was_not(jobs: Jobs) -> None:
    """The runner is ended between any two failed attempts of a hanging mini-batch, and goes on."""
    script = COUNTED.format(how=HANGS)
    request = jobs.request(script, items=10, workers=1, mini_batch_size=10, max_retries=1, timeout=0.2)
    how: dict[str, Any] = {"environment_variables": {}, "environment": request.environment}
    for turn in range(4):
        stop = AtItsFirstFailure()
        if turn:
            running.resume(request.folder, report=stop, cancel=stop.cancel, **how)
        else:
            running.run(request, report=stop, cancel=stop.cancel)
    record = jobs.resume(request)
    assert record.counts.failed == 10
    assert len(list(read(request.folder / "journal"))) == 4
    assert calls_of(jobs)[:2] == [10, 10]


class AtItsFirstFailure:
    """Cancels a run then."""

    def __init__(self) -> None:
        self.cancel = threading.Event()

    def __call__(self, event: object) -> None:
        if isinstance(event, MiniBatchFailed):
            self.cancel.set()


@given(
    size=st.integers(2, 40),
    retries=st.integers(1, 4),
    bad=st.dictionaries(st.integers(0, 39), st.sampled_from([Ended.RAISED, Ended.CUT, Ended.UNWRITABLE]), max_size=40),
    workers=st.integers(1, 5),
    order=st.lists(st.integers(0, 4), min_size=1, max_size=30),
)
def test_no_mini_batch_costs_more_than_it_may(
    size: int, retries: int, bad: dict[int, Ended], workers: int, order: list[int]
) -> None:
    """Whatever calls end how and in which order, several at a time; and the journal alone tells the same story."""
    backlog = Backlog(retries, True, deque([Span(0, size, size)]))
    calls: list[tuple[Span, Ended | None]] = []
    failures: list[Failure] = []
    scored: set[int] = set()
    out: list[Span] = []
    given_up: set[int] = set()
    while backlog.calls or out:
        while backlog.calls and len(out) < workers:
            out.append(backlog.take(1))
        call = out.pop(order[len(calls) % len(order)] % len(out))
        ends = [bad[item] for item in range(call.first, call.end) if item in bad]
        how = Ended.CUT if Ended.CUT in ends else ends[0] if ends else None
        calls.append((call, how))
        if how is None:
            backlog.scored(call)
            scored.update(range(call.first, call.end))
            continue
        outcome = backlog.failed(call, how)
        failures.append(
            Failure(
                call.first, call.count, outcome.attempt, "E", "m", "", "log", how=how.value,
                verdict=outcome.verdict.value, unresolved=outcome.unresolved,
            )
        )  # fmt: skip
        if outcome.verdict is Verdict.GIVEN_UP:
            given_up.update(range(call.first, call.end))
        given_up.update(item for rest in outcome.unresolved for item in range(rest.first, rest.first + rest.count))
    assert sorted([*scored, *given_up]) == list(range(size))
    whole = [how for call, how in calls if call.count == size]
    pieces = [how for call, how in calls if call.count < size]
    assert len(whole) <= 1 + retries
    assert len(pieces) <= 2 * size
    assert pieces.count(Ended.CUT) <= 1 + retries
    replayed = replay(failures, retries, True)
    assert {item for part in replayed.given_up for item in range(part.first, part.end)} == given_up


def test_verdicts_that_nobody_wrote_down_are_those_of_then() -> None:
    """A journal of commit 2e74deb: splitting had no bound. What is open then gets as many calls as a new split."""
    timeout: dict[str, Any] = {
        "type": "Timeout",
        "message": "m",
        "traceback": "",
        "log": "logs/user/error/node0/process000.txt",
    }
    spans = [(0, 8)] * 4 + [(0, 4), (4, 4), (0, 2), (2, 2), (4, 2), (6, 2), (0, 1), (0, 1)]
    history = replay([Failure(first, count, 1, **timeout) for first, count in spans], 3, True)
    assert history.given_up.keys() == {Span(0, 1, 1)}
    backlog = history.backlog
    backlog.go_on([], [Span(1, 1, 1)])
    open_calls = []
    while backlog.calls:
        open_calls.append(backlog.take(1))
    assert open_calls == [Span(n, 1, 1) for n in (2, 3, 4, 5)]
    rest = [part.first for call in open_calls for part in backlog.failed(call, Ended.CUT).unresolved]
    assert {*rest, *(call.first for call in open_calls)} == set(range(2, 8))
