"""Schedules seen to at moments that the tests choose: which jobs are in line, and what is remembered."""

import json
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from bep.app.errors import Refused
from bep.app.job_records import records
from bep.app.schedules.starting import Schedules, Seen
from bep.app.workspace.opening import Opened, Source
from bep.providers.protocol import ProviderError
from tests.bep.conftest import Workspace, surroundings
from tests.bep.schedules.conftest import SCHEDULE, apply_at, at, with_schedule

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.schemas.job.job import JobSpec

FILE = ".bep/schedules/considered.json"


def opened(work: Workspace) -> Opened:
    return Opened(work.folder, Source())


def step(work: Workspace, moment: datetime, schedules: Schedules | None = None) -> list[Seen]:
    return (schedules or Schedules()).step(opened(work), moment)


def jobs(work: Workspace) -> list[str]:
    """The names of the jobs in line, oldest first."""
    return [record.name for record in records(opened(work).home)]


def test_a_time_that_comes_has_one_job(scheduled: Workspace) -> None:
    schedules = Schedules()
    assert step(scheduled, at("01-05 12:00"), schedules) == []
    assert step(scheduled, at("01-06 02:29:59"), schedules) == []
    assert jobs(scheduled) == []
    (seen,) = step(scheduled, at("01-06 02:30:03"), schedules)
    assert (seen.name, seen.time, seen.error) == ("nightly", at("01-06 02:30"), "")
    assert seen.job == "nightly-20260106T023000Z"
    assert step(scheduled, at("01-06 02:30:06"), schedules) == []
    assert step(scheduled, at("01-06 02:30:06")) == []
    assert jobs(scheduled) == ["nightly-20260106T023000Z"]
    step(scheduled, at("01-07 02:30:00"), schedules)
    assert jobs(scheduled) == ["nightly-20260106T023000Z", "nightly-20260107T023000Z"]


def test_the_expressions_are_what_the_time_is(scheduled: Workspace) -> None:
    asked: list[JobSpec] = []
    requests: list[str] = []

    def order(_: "Reading", job: "JobSpec", by: str, request: str) -> str:
        asked.append(job)
        requests.append(f"{by}: {request}")
        return job.name or ""

    Schedules(order).step(opened(scheduled), at("01-06 02:30:03"))
    (job,) = asked
    assert (job.endpoint, job.deployment, job.inputs) == ("letters", None, ("texts",))
    assert job.output_path == "out/2026-01-06T02:30:00Z/nightly-20260106T023000Z"
    assert requests == ["schedule nightly: schedule/nightly/2026-01-06T02:30:00Z"]


def test_missed_runs_are_caught_up_once(scheduled: Workspace) -> None:
    (seen,) = step(scheduled, at("01-20 09:00"))
    assert seen.job == "nightly-20260120T023000Z"
    assert step(scheduled, at("01-20 09:00:05")) == []
    assert jobs(scheduled) == ["nightly-20260120T023000Z"]


def test_missed_runs_are_skipped_where_that_is_asked(applied: Workspace) -> None:
    work = with_schedule(applied, SCHEDULE + "missed_runs: skip\n")
    apply_at(work)
    (seen,) = step(work, at("01-20 09:00"))
    assert (seen.is_missed, seen.time, seen.job) == (True, at("01-20 02:30"), "")
    assert step(work, at("01-20 09:00:05")) == []
    assert jobs(work) == []
    (seen,) = step(work, at("01-21 02:33"))
    assert seen.job == "nightly-20260121T023000Z"


def test_one_that_is_disabled_starts_and_misses_nothing(scheduled: Workspace) -> None:
    (scheduled.folder / "schedule.yml").write_text(SCHEDULE + "is_enabled: false\n")
    apply_at(scheduled, "2026-01-06T00:00:00Z")
    schedules = Schedules()
    assert step(scheduled, at("01-20 09:00"), schedules) == []
    (scheduled.folder / "schedule.yml").write_text(SCHEDULE)
    apply_at(scheduled, "2026-01-20T10:00:00Z")
    assert step(scheduled, at("01-20 10:00:05"), schedules) == []
    (seen,) = step(scheduled, at("01-21 02:30"), schedules)
    assert seen.job == "nightly-20260121T023000Z"


def test_a_rule_that_is_new_has_no_times_before_it(scheduled: Workspace) -> None:
    schedules = Schedules()
    step(scheduled, at("01-06 02:30"), schedules)
    (scheduled.folder / "schedule.yml").write_text(SCHEDULE.replace("30 2 * * *", "0 * * * *"))
    apply_at(scheduled, "2026-01-06T09:30:00Z")
    assert step(scheduled, at("01-06 09:31"), schedules) == []
    (seen,) = step(scheduled, at("01-06 10:00"), schedules)
    assert seen.job == "nightly-20260106T100000Z"


def test_what_is_no_rule_may_change_without_a_run_lost(scheduled: Workspace) -> None:
    schedules = Schedules()
    step(scheduled, at("01-05 12:00:05"), schedules)
    (scheduled.folder / "schedule.yml").write_text(SCHEDULE + "description: of letters\n")
    apply_at(scheduled, "2026-01-06T03:00:00Z")  # while nobody saw to it
    (seen,) = step(scheduled, at("01-06 03:01"), schedules)
    assert seen.job == "nightly-20260106T023000Z"


@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_clock_that_was_ahead_keeps_nothing_back(scheduled: Workspace, is_restarted: bool) -> None:
    schedules = Schedules()
    step(scheduled, at("10-01 12:00"), schedules)
    ahead = jobs(scheduled)
    assert ahead == ["nightly-20261001T023000Z"]
    schedules = Schedules() if is_restarted else schedules
    assert step(scheduled, at("01-06 12:00"), schedules) == []
    (seen,) = step(scheduled, at("01-07 02:30:03"), schedules)
    assert seen.job == "nightly-20260107T023000Z"
    step(scheduled, at("01-07 02:29:59"), schedules)  # by a little, and its time comes again
    step(scheduled, at("01-07 02:30:01"), schedules)
    assert jobs(scheduled) == [*ahead, seen.job]


def test_one_that_is_gone_is_forgotten(scheduled: Workspace) -> None:
    schedules = Schedules()
    step(scheduled, at("01-06 02:30"), schedules)
    with_schedule(scheduled, SCHEDULE.replace("name: nightly", "name: other"))
    apply_at(scheduled, "2026-01-06T03:00:00Z")
    step(scheduled, at("01-06 03:00:05"), schedules)
    assert json.loads((scheduled.folder / FILE).read_text())["schedules"].keys() == {"other"}
    assert step(scheduled, at("01-07 02:30"), schedules)[0].job == "other-20260107T023000Z"


def test_nothing_is_written_while_nothing_is_due(scheduled: Workspace) -> None:
    schedules = Schedules()
    step(scheduled, at("01-05 12:00:05"), schedules)
    before = (scheduled.folder / FILE).stat()
    for second in range(10, 40):
        assert step(scheduled, at(f"01-05 12:00:{second}"), schedules) == []
        assert step(scheduled, at(f"01-05 12:00:{second}")) == []
    after = (scheduled.folder / FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_why_there_is_no_job_is_remembered(scheduled: Workspace) -> None:
    for file in (scheduled.folder / "texts").iterdir():
        file.unlink()
    (scheduled.folder / "texts").rmdir()

    def order(_: "Reading", job: "JobSpec", by: str, request: str) -> str:
        raise Refused("there is no room for it")

    (seen,) = Schedules(order).step(opened(scheduled), at("01-06 02:30"))
    assert (seen.job, seen.error) == ("", "there is no room for it")
    assert step(scheduled, at("01-06 02:30:05")) == []
    rows = json.loads(scheduled.bep("schedule", "list", "-o", "json").stdout)
    assert [row["error"] for row in rows] == ["there is no room for it"]
    said = scheduled.bep("schedule", "list")
    assert "nightly: there is no room for it" in said.stderr


def test_what_may_pass_is_tried_again(scheduled: Workspace) -> None:
    refusals = [True, True, False]

    def order(_: "Reading", job: "JobSpec", by: str, request: str) -> str:
        if refusals.pop(0):
            raise ProviderError("catalog", "read", "it is busy", retryable=True)
        return job.name or ""

    schedules = Schedules(order)
    assert step(scheduled, at("01-06 02:30"), schedules) == []
    assert step(scheduled, at("01-06 02:30:05"), schedules) == []
    (seen,) = step(scheduled, at("01-06 02:30:10"), schedules)
    assert seen.job == "nightly-20260106T023000Z"


def test_a_bug_loses_no_run(scheduled: Workspace) -> None:
    def order(_: "Reading", job: "JobSpec", by: str, request: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step(scheduled, at("01-06 02:30"), Schedules(order))
    assert step(scheduled, at("01-06 02:30:05"))[0].job == "nightly-20260106T023000Z"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format_version": 1, "schedules": {"nightly": 3}}'])
def test_a_file_that_is_none_is_named(scheduled: Workspace, text: str) -> None:
    (scheduled.folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    (scheduled.folder / FILE).write_text(text)
    with pytest.raises(Refused, match=r"considered\.json cannot be read"):
        step(scheduled, at("01-06 02:30"))
    assert "fix: remove it" in scheduled.bep("schedule", "list", expect=1).stderr
    assert (scheduled.folder / FILE).read_text() == text
    (scheduled.folder / FILE).unlink()
    assert step(scheduled, at("01-06 02:30"))[0].job == "nightly-20260106T023000Z"


def test_a_newer_file_is_left_alone(scheduled: Workspace) -> None:
    (scheduled.folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    (scheduled.folder / FILE).write_text('{"format_version": 2}')
    with pytest.raises(Refused, match="newer bep"):
        step(scheduled, at("01-06 02:30"))


def test_a_lost_file_makes_no_second_job(scheduled: Workspace) -> None:
    step(scheduled, at("01-06 02:30"))
    (scheduled.folder / FILE).unlink()
    step(scheduled, at("01-06 02:31"))
    assert jobs(scheduled) == ["nightly-20260106T023000Z"]


STEP = """\
import os, signal, sys
from datetime import datetime
from pathlib import Path
from bep.app.schedules.starting import Schedules, ordered_in_line
from bep.app.workspace.opening import Opened, Source

folder, moment, stop = sys.argv[1:]

def die_at(here):
    if here == stop:
        os.kill(os.getpid(), signal.SIGKILL)

def order(opened, job, by, request):
    die_at("before the order")
    name = ordered_in_line(opened, job, by, request)
    die_at("after the order")
    return name

for seen in Schedules(order, at=die_at).step(Opened(Path(folder), Source()), datetime.fromisoformat(moment)):
    print(seen.job)
"""
POINTS = (
    "before the order",
    "after the order",
    "write considered.json",
    "sync considered.json",
    "rename considered.json",
    "sync folder of considered.json",
)


def in_a_process(work: Workspace, moment: datetime, stop: str = "") -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", STEP, str(work.folder), moment.isoformat(), stop]
    return subprocess.Popen(words, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stop", POINTS)
def test_a_kill_between_order_and_memory_makes_one_job(scheduled: Workspace, stop: str) -> None:
    step(scheduled, at("01-05 12:00:05"))
    killed = in_a_process(scheduled, at("01-06 02:30:01"), stop)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL, "it has come there"
    again = in_a_process(scheduled, at("01-06 02:30:09"))
    _, trouble = again.communicate()
    assert (again.returncode, trouble) == (0, "")
    assert jobs(scheduled) == ["nightly-20260106T023000Z"]
    assert step(scheduled, at("01-06 02:31")) == []
    assert step(scheduled, at("01-07 02:30"))[0].job == "nightly-20260107T023000Z"


def test_a_change_after_such_a_kill_makes_no_second_job(scheduled: Workspace) -> None:
    step(scheduled, at("01-05 12:00:05"))
    in_a_process(scheduled, at("01-06 02:30:01"), "after the order").communicate()
    (scheduled.folder / "schedule.yml").write_text(SCHEDULE.replace("out/", "elsewhere/"))
    apply_at(scheduled, "2026-01-06T02:30:05Z")
    (seen,) = step(scheduled, at("01-06 02:30:09"))
    assert seen.error
    assert jobs(scheduled) == ["nightly-20260106T023000Z"]
    assert step(scheduled, at("01-07 02:30"))[0].job == "nightly-20260107T023000Z"


def test_servers_side_by_side_make_one_job(scheduled: Workspace) -> None:
    running = [in_a_process(scheduled, at("01-06 02:30:01")) for _ in range(6)]
    ended = [(*each.communicate(), each.returncode) for each in running]
    assert [trouble for _, trouble, _ in ended] == [""] * 6
    assert {code for *_, code in ended} == {0}
    assert jobs(scheduled) == ["nightly-20260106T023000Z"]


def test_what_somebody_else_wrote_stops_no_other(scheduled: Workspace) -> None:
    trigger = {"type": "cron", "expression": "x"}
    other = {"name": "odd", "trigger": trigger, "create_job": {"endpoint": "endpoint/letters"}}
    with sqlite3.connect(scheduled.folder / ".bep/cloud/catalog.sqlite") as connection:
        columns = "address, kind, attributes, contents, etag, operation, created, updated"
        values = ("schedule/odd", "schedule", json.dumps(other), "{}", "1-x", "", "", "")
        connection.execute(f"INSERT INTO objects ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    connection.close()
    schedules = Schedules()
    seen = {one.name: one for one in step(scheduled, at("01-06 02:30"), schedules)}
    assert seen["nightly"].job
    assert "its trigger cannot be read" in seen["odd"].error
    assert step(scheduled, at("01-06 02:30:05"), schedules) == []
    assert "its trigger cannot be read" in scheduled.bep("schedule", "list").stderr
