"""Schedules that a real server sees to: their jobs are started, each once, however many servers there are and end."""

import json
import signal
from contextlib import ExitStack

from tests.bep.conftest import Workspace, until
from tests.bep.schedules.conftest import SCHEDULE, apply_at, with_schedule
from tests.server.serving import serving

ONE_TIME = SCHEDULE.replace('* * *"}', '* * *", end_time: "2026-01-06T02:30:00"}')
"""A rule that has one time since it was applied, whenever these tests run."""
JOB = "nightly-20260106T023000Z"


def jobs(work: Workspace) -> dict[str, str]:
    return {row["name"]: row["status"] for row in json.loads(work.bep("job", "list", "-o", "json").stdout)}


def test_a_time_that_has_come_has_its_job(applied: Workspace) -> None:
    work = with_schedule(applied, ONE_TIME)
    apply_at(work)
    with serving(work):
        until(lambda: jobs(work) == {JOB: "Completed"})
        (row,) = json.loads(work.bep("schedule", "list", "-o", "json").stdout)
        assert (row["last_job"], row["last_status"], row["next"]) == (JOB, "Completed", None)
    assert (work.folder / "out/2026-01-06T02:30:00Z" / JOB / "predictions.csv").is_file()


def was_seen_to(work: Workspace) -> bool:
    """Whether a server has seen to it."""
    return (work.folder / ".bep/schedules/considered.json").exists()


def test_servers_that_are_killed_and_stand_side_by_side_make_one_job(applied: Workspace) -> None:
    work = with_schedule(applied, ONE_TIME)
    apply_at(work)
    with serving(work, ending=signal.SIGKILL):
        until(lambda: bool(jobs(work)))
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(serving(work))
        until(lambda: jobs(work) == {JOB: "Completed"})
    assert jobs(work) == {JOB: "Completed"}


def test_what_is_to_be_skipped_is_said_and_has_no_job(applied: Workspace) -> None:
    work = with_schedule(applied, ONE_TIME + "missed_runs: skip\n")
    apply_at(work)
    with serving(work):
        until(lambda: was_seen_to(work))
    (row,) = json.loads(work.bep("schedule", "list", "-o", "json").stdout)
    assert row["error"] == "missed, and skipped as asked"
    assert jobs(work) == {}
