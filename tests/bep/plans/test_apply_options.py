"""What apply and plan can be told besides: jobs first, JSON into a file, no changes expected, targets from a file."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, write

SLOW = """\
import os, time

def init():
    pass

def run(mini_batch):
    while not os.path.exists(GO):
        time.sleep(0.05)
    return list(mini_batch)
"""
"""Scores nothing until a file appears."""
GREEN = """\
---
name: green
endpoint_name: letters
type: model
model: azureml:alphabet:1
code_configuration: {code: slow, scoring_script: score.py}
environment: azureml:plain:1
compute: azureml:cpu-cluster
settings: {mini_batch_size: 1}
"""


def scoring(workspace: Workspace) -> subprocess.Popen[bytes]:
    """A job on the deployment green, under way when this returns."""
    specs = FILES["specs.yml"] + GREEN
    write(
        workspace.folder, {"specs.yml": specs, "slow/score.py": SLOW.replace("GO", repr(str(workspace.folder / "go")))}
    )
    workspace.bep("apply", "-y")
    job = subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--deployment", "green", "--name", "nightly"],
        cwd=workspace.folder,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    record = workspace.folder / ".bep/jobs/nightly/job.json"
    until = time.monotonic() + 60
    while not record.exists() or json.loads(record.read_text())["status"] != "Running":
        assert time.monotonic() < until
        assert job.poll() is None
        time.sleep(0.05)
    return job


@pytest.fixture
def jobs() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Jobs to end when the test is over, come what may."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for job in started:
        job.kill()
        job.wait()


def status(workspace: Workspace) -> str:
    """The job's status, as its record has it."""
    found: str = json.loads((workspace.folder / ".bep/jobs/nightly/job.json").read_text())["status"]
    return found


def test_a_deletion_waits_for_the_jobs_it_would_pull_the_ground_from(
    applied: Workspace, jobs: list[subprocess.Popen[bytes]]
) -> None:
    jobs.append(scoring(applied))
    write(applied.folder, {"specs.yml": FILES["specs.yml"]})
    refused = applied.bep("apply", "-y", expect=3).stdout
    assert "has 1 unfinished job: nightly (Running)" in refused
    assert "`bep apply --drain`" in refused
    assert "deployment/letters/green" in applied.entries()
    applying = subprocess.Popen(
        [sys.executable, "-m", "bep", "apply", "-y", "--drain"],
        cwd=applied.folder,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert applying.stderr is not None
    with applying, applying.stderr as talk:
        assert talk.readline() == "  job nightly: waiting for it to end ...\n"
        (applied.folder / "go").touch()
        assert "green: deleting" in talk.read()
    assert applying.returncode == 0
    assert status(applied) == "Completed"
    assert "deployment/letters/green" not in applied.entries()


def test_a_deletion_cancels_jobs_when_told_to_and_only_those(
    applied: Workspace, jobs: list[subprocess.Popen[bytes]]
) -> None:
    jobs.append(scoring(applied))
    applied.edit("specs.yml", "size: 1}", "size: 5}")
    warned = applied.bep("plan", "--detailed-exitcode", expect=2).stdout
    assert "it goes on with what it began with" in warned
    write(applied.folder, {"specs.yml": FILES["specs.yml"].replace("size: 2", "size: 3")})
    applied.bep("apply", "-y", "--cancel-jobs", "--target", "deployment/letters/blue")
    assert status(applied) == "Running"
    both = applied.bep("apply", "-y", "--cancel-jobs", "--drain", expect=1).stderr
    assert "say one" in both
    said = applied.bep("apply", "-y", "--cancel-jobs").stderr
    assert "job nightly: Canceled, 0 of 5 files scored" in said
    assert status(applied) == "Canceled"
    assert "deployment/letters/green" not in applied.entries()


def test_events_go_into_a_file_while_a_person_reads(workspace: Workspace) -> None:
    planned = workspace.bep("plan", "--json-into", "plan.json")
    assert "+ endpoint/letters will be created" in planned.stdout
    plan = json.loads((workspace.folder / "plan.json").read_text())
    assert len(plan["changes"]) == 6
    applied = workspace.bep("apply", "-y", "--json-into", "events.jsonl")
    assert "Done: 6 done." in applied.stdout
    events = [json.loads(line) for line in (workspace.folder / "events.jsonl").read_text().splitlines()]
    assert [event["type"] for event in events].count("change_finished") == 6
    assert (events[-1]["type"], events[-1]["done"]) == ("apply_finished", 6)
    workspace.bep("apply", "-y", "--json-into", "nothing.jsonl")
    assert json.loads((workspace.folder / "nothing.jsonl").read_text())["done"] == 0
    refused = workspace.bep("apply", "-y", "--json-into", "no/such/folder", expect=1).stderr
    assert "no/such/folder: No such file or directory" in refused


def test_changes_that_nobody_expected_end_with_2_and_are_not_made(workspace: Workspace) -> None:
    assert "there are 6" in workspace.bep("plan", "--expect-no-changes", expect=2).stderr
    assert "there are 6" in workspace.bep("apply", "-y", "--expect-no-changes", expect=2).stderr
    assert not (workspace.folder / ".bep/cloud").exists()
    workspace.bep("apply", "-y")
    workspace.bep("plan", "--expect-no-changes")


def test_a_kept_plan_is_applied_as_it_was_reviewed_or_not_at_all(workspace: Workspace) -> None:
    workspace.bep("plan", "-o", "plan.json")
    refused = workspace.bep("apply", "plan.json", "--target", "endpoint/letters", expect=1).stderr
    assert "plan.json is applied as it was reviewed" in refused
    assert workspace.bep("state", "list").stdout == ""


def test_targets_and_excludes_come_from_files_too(workspace: Workspace) -> None:
    (workspace.folder / "some.txt").write_text("# the first\nendpoint/letters\n\nmodel  # all of them\n")
    (workspace.folder / "not.txt").write_text("model/alphabet/1\n")
    planned = workspace.bep("plan", "--json", "--target-file", "some.txt", "--target", "compute").stdout
    found = {change["address"] for change in json.loads(planned)["changes"]}
    assert found == {"endpoint/letters", "model/alphabet/1", "compute/cpu-cluster"}
    workspace.bep("apply", "-y", "--target-file", "some.txt", "--exclude-file", "not.txt")
    assert workspace.entries() == {"endpoint/letters"}
