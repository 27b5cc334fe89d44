"""`bep schedule`: the list that a person and a script read, and a job started by hand."""

import json
from pathlib import Path

import pytest

from bep import api
from tests.bep.conftest import Workspace, until
from tests.bep.schedules.conftest import SCHEDULE, apply_at, with_schedule

DISABLED = """\
---
name: weekly
trigger: {type: recurrence, frequency: week, interval: 2, schedule: {hours: [1, 2], minutes: 0, week_days: [monday]}}
create_job: {endpoint: letters, inputs: {texts: texts}}
is_enabled: false
---
name: over
trigger: {type: cron, expression: "*/30 * * * *", end_time: "2026-01-01T00:00:00", time_zone: Europe/Paris}
create_job: {endpoint: letters, inputs: {texts: texts}}
missed_runs: skip
"""


def rows(work: Workspace, *options: str) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(work.bep("schedule", "list", "-o", "json", *options).stdout)}


def test_none_is_said(applied: Workspace) -> None:
    said = applied.bep("schedule", "list")
    assert (said.stdout, "No schedule has been applied here" in said.stderr) == ("", True)
    assert json.loads(applied.bep("schedule", "list", "-o", "json").stdout) == []
    refused = applied.bep("schedule", "run", "nightly", expect=1).stderr
    assert "there is no schedule 'nightly' here. None has been applied." in refused


def test_each_is_said_in_words(applied: Workspace) -> None:
    work = with_schedule(applied, SCHEDULE + DISABLED)
    apply_at(work)
    found = rows(work)
    assert {name: row["trigger"] for name, row in found.items()} == {
        "nightly": "at 02:30 every day, UTC",
        "over": "every hour at :00, :30 every day, Europe/Paris",
        "weekly": "at 01:00, 02:00 on Monday of every 2 weeks, UTC",
    }
    assert str(found["nightly"]["next"]).endswith("T02:30:00Z")
    assert [found[name]["next"] for name in ("over", "weekly")] == [None, None]
    assert [found[name]["missed_runs"] for name in ("nightly", "over")] == ["once", "skip"]
    table = work.bep("schedule", "list").stdout
    assert "disabled" in next(line for line in table.splitlines() if line.startswith("weekly"))
    assert work.bep("schedule", "list", "--query", "[?is_enabled].name", "-o", "tsv").stdout.split() == [
        "nightly",
        "over",
    ]


def test_its_job_runs_now(scheduled: Workspace) -> None:
    said = scheduled.bep("schedule", "run", "nightly")
    assert "Completed: 5 scored, 0 failed" in said.stdout
    (row,) = rows(scheduled).values()
    assert row["last_status"] == "Completed"
    name = str(row["last_job"])
    (folder,) = (scheduled.folder / "out").iterdir()
    assert folder.name.startswith("20")
    assert folder.name.endswith("Z")
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name / "predictions.csv").is_file()
    assert name in scheduled.bep("schedule", "list").stdout


def test_its_job_goes_on_by_itself(scheduled: Workspace) -> None:
    name = scheduled.bep("schedule", "run", "schedule/nightly", "--no-wait").stdout.strip()
    until(lambda: rows(scheduled)["nightly"]["last_status"] == "Completed")
    assert rows(scheduled)["nightly"]["last_job"] == name
    refused = scheduled.bep("schedule", "run", "nightly", "--no-wait", "--json", expect=1).stderr
    assert "--no-wait does not wait" in refused


def test_what_is_asked_for_and_is_not_there_is_named(scheduled: Workspace) -> None:
    refused = scheduled.bep("schedule", "run", "nihgtly", expect=1).stderr
    assert "there is no schedule 'nihgtly' here. Did you mean 'nightly'?" in refused
    assert "`bep schedule list` shows them" in refused


def test_a_job_that_cannot_be_is_told_as_bep_run_tells_it(scheduled: Workspace) -> None:
    (scheduled.folder / "texts").rename(scheduled.folder / "elsewhere")
    refused = scheduled.bep("schedule", "run", "nightly", expect=None)
    assert refused.returncode in (1, 3)
    assert "texts" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_from_python(scheduled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path("/"))
    ours = api.Workspace.open(scheduled.folder)
    (row,) = ours.schedules.list()
    assert (row["name"], row["last_job"]) == ("nightly", None)
    job = ours.schedules.run("nightly")
    assert (job.status, job.scored) == ("Completed", 5)
    assert ours.schedules.list()[0]["last_job"] == job.name
    until(lambda: ours.schedules.run("nightly", wait=False).status == "Queued")
    with pytest.raises(api.NotFound, match="nihgtly"):
        ours.schedules.run("nihgtly")
