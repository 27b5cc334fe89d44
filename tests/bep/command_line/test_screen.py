"""What a person sees: tables as wide as the terminal, colour only there, six lines of a job; and what programs get."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from bep.app.specs.published_schemas import published
from bep.tables import Screen, aged, drawn
from tests.bep.conftest import Workspace, surroundings

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
NAMES = ["name", "status", "deployment", "scored", "created"]
ROWS = [
    ["batchjob-20261126-171631-0268e8", "Failed", "a-long-endpoint-name/a-long-deployment", "5",
     "2026-11-26T10:00:00Z"],
    ["nightly", "Completed", "letters/blue", "12000", "2026-11-23T11:00:00Z"],
]  # fmt: skip


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_table_fits(width: int) -> None:
    lines = drawn(NAMES, ROWS, Screen(width, NOW)).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) == 3
    assert "2 h ago" in lines[1]


def test_a_name_is_shortened_last_and_in_its_middle() -> None:
    wide, narrow = (drawn(NAMES, ROWS, Screen(width, NOW)) for width in (90, 60))
    assert "batchjob-20261126-171631-0268e8  Failed" in wide
    assert "a-long-endpoint" in wide
    assert "0268e8" in narrow


@pytest.mark.parametrize(
    ("before", "said"),
    [(5, "now"), (70, "1 min ago"), (7300, "2 h ago"), (3 * 86400, "3 d ago")],
)
def test_a_time_is_told_as_its_age(before: int, said: str) -> None:
    assert aged((NOW - timedelta(seconds=before)).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW) == said
    assert aged("2026", NOW) == "2026"


def on_a_terminal(workspace: Workspace, *arguments: str, **environment: str) -> str:
    """What a command writes on a terminal of 60 columns."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bep", *arguments]
    given = {**surroundings(), "TERM": "xterm", "COLUMNS": "60", **environment}
    with subprocess.Popen(command, cwd=workspace.folder, env=given, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        said = b""
        try:
            while data := os.read(ours, 4096):
                said += data
        except OSError:
            pass  # Linux says so when the other end is closed
    os.close(ours)
    return said.decode()


def test_colour_is_for_a_terminal_that_wants_it(applied: Workspace) -> None:
    (applied.folder / "code/score.py").write_text("def run(mini_batch):\n    raise ValueError\n")
    applied.bep("apply", "-y")
    applied.bep("run", "job.yml", "--name", "bad", expect=1)
    shown = on_a_terminal(applied, "job", "list")
    assert "\x1b[31mFailed" in shown
    assert "now" in shown or "ago" in shown
    for told in (
        on_a_terminal(applied, "job", "list", "--no-color"),
        on_a_terminal(applied, "--no-color", "job", "list"),
        on_a_terminal(applied, "job", "list", NO_COLOR="1"),
    ):
        assert "\x1b" not in told
        assert max(len(line) for line in told.splitlines()) <= 60
    assert "\x1b" not in applied.bep("job", "list").stdout
    assert "Z\n" in applied.bep("job", "list").stdout


def test_quiet_and_verbose_stand_anywhere(applied: Workspace) -> None:
    quiet = applied.bep("run", "job.yml", "--name", "mine", "--quiet")
    assert quiet.stderr == ""
    assert "job mine Completed" in quiet.stdout
    assert " s] job other: 5 files" in applied.bep("--verbose", "run", "job.yml", "--name", "other").stderr
    assert "Traceback" in applied.bep("job", "show", "none", "--verbose", expect=1).stderr
    assert "Traceback" not in applied.bep("job", "show", "none", expect=1).stderr


def test_a_job_is_six_lines_for_a_person_and_all_of_it_for_a_program(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "mine")
    lines = applied.bep("job", "show", "mine").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["job", "deployment", "input", "items", "output", "logs"]
    assert "5 of 5 scored, 0 failed" in lines[3]
    assert set(json.loads(applied.bep("job", "show", "mine", "-o", "json").stdout)) >= {
        "settings",
        "process",
        "outputs",
    }


def test_every_event_has_a_time_and_a_version_and_is_as_published(applied: Workspace) -> None:
    check = jsonschema.Draft202012Validator(json.loads(published()["events"]))
    streams = [
        applied.bep("run", "job.yml", "--name", "mine", "--json").stdout,
        applied.bep("destroy", "-y", "--json").stdout,
        applied.bep("apply", "-y", "--json", "--json-into", "events.jsonl").stdout,
        Path(applied.folder, "events.jsonl").read_text(),
    ]
    for stream in streams:
        events = [json.loads(line) for line in stream.splitlines()]
        for event in events:
            check.validate(event)
            assert datetime.fromisoformat(event["time"]).tzinfo is not None
            assert event["format_version"] == 1
    told = [json.loads(line) for line in streams[0].splitlines()]
    assert {event.get("job") for event in told} == {"mine"} | {None for event in told if event["type"] == "preparing"}
    assert told[0]["type"] == "preparing"
    assert told[-1]["record"]["status"] == "Completed"


def test_an_environment_that_is_built_is_told_in_the_stream(applied: Workspace) -> None:
    conda = "environment: {name: built, version: 1, image: python, conda_file: {dependencies: [python=3.11]}}"
    applied.edit("specs.yml", "environment: {name: plain, version: 1, image: python}", conda)
    told = applied.bep("apply", "-y", "--build", "--json", expect=None).stdout
    events = [json.loads(line) for line in told.splitlines()]
    assert [event for event in events if event["type"] == "preparing" and "3.11" in event["message"]]
