"""The runner's journal: on a disk without room for a while, torn, of an older runner, of none."""

import os
import time
from pathlib import Path
from typing import Any, cast

import pytest

from bep.lazy_dataclasses import replace
from bep.runner.folder import journal
from bep.runner.folder.journal import TRACEBACKS, Failure, Journal, beside
from bep.runner.verdicts import Unresolved
from tests.faults.opened import opened

FAILURE = Failure(first=0, count=1, attempt=1, type="ValueError", message="bad", traceback="", log="")


def test_a_line_that_found_no_room_leaves_nothing_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Journal(tmp_path / "journal", 1)
    kept.append(FAILURE)
    real = os.write

    def full(file: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", refused)
        return real(file, content[:7])

    def refused(file: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        kept.append(FAILURE)
    monkeypatch.setattr(os, "write", real)
    kept.append(FAILURE)
    kept.close()
    assert list(journal.read(tmp_path / "journal")) == [FAILURE, FAILURE]


def test_a_line_that_a_kill_has_torn_is_cut_before_the_next(tmp_path: Path) -> None:
    """Written behind it, the next failure would be read as a part of it, and be lost."""
    path = tmp_path / "journal"
    kept = Journal(path, 1)
    kept.append(FAILURE)
    kept.close()
    line = path.read_bytes()
    for torn in (line[:1], line[:20], line[:-1]):
        path.write_bytes(line + torn)
        again = Journal(path, 1)
        again.append(replace(FAILURE, first=7))
        again.close()
        assert list(journal.read(path)) == [FAILURE, replace(FAILURE, first=7)]


WHOLE = replace(
    FAILURE,
    traceback="Traceback",
    log="logs/worker-1.log:7",
    ended=1e9,
    seconds=0.5,
    how="raised",
    verdict="split",
    unresolved=(Unresolved(4, 2, 1, False), Unresolved(6, 1, 3, True)),
)


def written(path: Path, *failures: Failure, sync: float = 1) -> None:
    kept = Journal(path, sync)
    for failure in failures:
        kept.append(failure)
    kept.close()


def test_all_that_is_known_of_a_failure_comes_back(tmp_path: Path) -> None:
    written(tmp_path / "journal", WHOLE, FAILURE)
    assert list(journal.read(tmp_path / "journal")) == [WHOLE, FAILURE]


def test_a_job_without_a_journal_has_had_no_failures(tmp_path: Path) -> None:
    assert list(journal.read(tmp_path / "journal")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"first": -1},
        {"first": 1 << 63},
        {"first": True},
        {"count": 0},
        {"attempt": 1.0},
        {"type": None},
        {"message": 7},
        {"traceback": ["x"]},
        {"log": None},
        {"ended": float("nan")},
        {"ended": "now"},
        {"seconds": float("inf")},
        {"how": "raised", "verdict": ""},
        {"how": "", "verdict": "retry"},
        {"how": "melted", "verdict": "retry"},
        {"unresolved": (Unresolved(-1, 1, 1, False),)},
        {"unresolved": (Unresolved(0, 1, cast(int, "1"), False),)},
    ],
    ids=str,
)
def test_a_sound_line_that_says_what_no_runner_says_ends_the_journal(tmp_path: Path, other: dict[str, Any]) -> None:
    """Its checksum holds, so it was written whole: by something else. What is written next stands where it stood."""
    path = tmp_path / "journal"
    written(path, WHOLE, replace(WHOLE, **other), FAILURE)
    assert list(journal.read(path)) == [WHOLE]
    written(path, FAILURE)
    assert list(journal.read(path)) == [WHOLE, FAILURE]


def test_a_line_that_is_not_as_it_was_written_ends_the_journal(tmp_path: Path) -> None:
    """What stands there would pass for a failure of another item, but for the checksum."""
    path = tmp_path / "journal"
    written(path, WHOLE, replace(WHOLE, first=17), FAILURE)
    path.write_bytes(path.read_bytes().replace(b'"first": 17', b'"first": 18'))
    assert list(journal.read(path)) == [WHOLE]


@pytest.mark.parametrize("count", [{"first": (1 << 63) - 1}, {"first": 0, "count": 1, "attempt": 0}], ids=str)
def test_the_largest_and_the_smallest_counts_are_read(tmp_path: Path, count: dict[str, Any]) -> None:
    written(tmp_path / "journal", replace(WHOLE, **count))
    assert list(journal.read(tmp_path / "journal")) == [replace(WHOLE, **count)]


def test_a_script_that_always_fails_fills_no_disk_with_tracebacks(tmp_path: Path) -> None:
    written(tmp_path / "journal", *[WHOLE] * (TRACEBACKS + 2))
    assert list(journal.read(tmp_path / "journal")) == [WHOLE] * TRACEBACKS + [replace(WHOLE, traceback="")] * 2


@pytest.mark.parametrize(("sync", "at_each"), [(-1.0, 3), (3600.0, 0)])
def test_the_disk_is_waited_for_as_often_as_asked_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: float, at_each: int
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(os, "fsync", waits.append)
    kept = Journal(tmp_path / "journal", sync)
    for _ in range(3):
        kept.append(FAILURE)
    assert len(waits) == at_each
    assert opened(tmp_path / "journal")
    kept.close()
    assert len(waits) == at_each + 1
    assert not opened(tmp_path / "journal")


def test_once_waited_for_the_disk_rests_for_as_long_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    clock = [1000.0]
    monkeypatch.setattr(os, "fsync", waits.append)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    kept = Journal(tmp_path / "journal", 5)
    counted = []
    for clock[0] in (1005.0, 1005.5, 1010.5, 1010.6):
        kept.append(FAILURE)
        counted.append(len(waits))
    kept.close()
    assert counted == [0, 1, 1, 2]


def test_a_byte_of_a_log_in_an_older_journal_is_read_as_its_line(tmp_path: Path) -> None:
    """Positions ascend but for another run's; each log is counted apart; what cannot be counted is the log's first."""
    (tmp_path / "a.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "b.log").write_text("one\ntwo\n")
    (tmp_path / "c.log").write_text("\na long line\n\n\n\nx\n")
    lines = {
        "a.log:0": "a.log:1",
        "a.log:4": "a.log:2",
        "a.log:8": "a.log:3",
        "b.log:4": "b.log:2",
        "a.log:9": "a.log:3",
        "a.log:5": "a.log:2",
        "c.log:13": "c.log:3",
        "c.log:16": "c.log:6",
        "c.log:1": "c.log:2",
        "gone.log:4": "gone.log:1",
        "a.log": "a.log",
        "a.log:x": "a.log:x",
        "": "",
    }
    written(tmp_path / "journal", *(replace(FAILURE, log=log) for log in lines))
    assert [failure.log for failure in journal.read(tmp_path / "journal")] == [*lines.values()]


def test_a_line_of_a_log_in_a_newer_journal_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/worker-1.log").write_text("one\ntwo\nthree\n")
    written(tmp_path / "journal", WHOLE)
    assert list(journal.read(tmp_path / "journal")) == [WHOLE]


def test_a_failure_with_a_line_of_a_log_was_raised_by_the_script() -> None:
    assert WHOLE.is_raised
    assert not replace(WHOLE, log="logs/worker-1.log").is_raised


def test_what_is_given_up_with_a_failure_says_whether_it_was_alone() -> None:
    others, alone = (beside(WHOLE, rest) for rest in WHOLE.unresolved)
    same = replace(WHOLE, verdict="", unresolved=())
    assert others == replace(same, first=4, count=2, attempt=1, message=others.message)
    assert alone == replace(same, first=6, count=1, attempt=3, message="bad (on its own as well)")
    assert others.message.startswith("bad (with other files of its mini-batch; ")
