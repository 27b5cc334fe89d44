"""`bep run` in the line: real processes that share the instances of a compute."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.bep.conftest import until
from tests.bep.queue_workspace import Line, host_of, made, run, started


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """One instance for all."""
    return made(tmp_path, instances=1)


def _in_line(line: Line, name: str) -> None:
    until(lambda: line.statuses().get(name) == "Queued")


def _begun(line: Line, name: str) -> None:
    until(lambda: any(job == name for _, job, _ in line.ledger()))


def test_a_job_waits_behind_the_one_that_has_the_instances_and_says_so(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second", "--json")
    _in_line(line, "second")
    shown = line.workspace.bep("job", "show", "second").stdout
    assert "line        waiting behind first (1 of 1 instances of compute/cpu-cluster are taken)" in shown
    third = run(line, "third")
    _in_line(line, "third")
    assert line.statuses() == {"third": "Queued", "second": "Queued", "first": "Running"}
    line.let_go()
    assert first.communicate()[0].startswith("job first Completed")
    said = third.communicate()[1]
    assert "job third: waiting behind first and second (1 of 1 instances of compute/cpu-cluster are taken)" in said
    events = [json.loads(one) for one in second.communicate()[0].splitlines()]
    assert events[0]["type"] == "in_line"
    assert events[0]["behind"] == ["first"]
    assert (events[0]["job"], events[0]["taken"], events[0]["capacity"]) == ("second", 1, 1)
    assert events[-1]["type"] == "job_finished"
    assert [first.returncode, second.returncode, third.returncode] == [0, 0, 0]
    order = list(dict.fromkeys(job for _, job, _ in line.ledger()))
    assert order == ["first", "second", "third"]
    whole = [(what, job) for what, job, _ in line.ledger()]
    assert whole == [(what, job) for job in order for _ in range(5) for what in ("begin", "end")]  # never two at once


def test_a_wait_ends_with_its_timeout_and_nothing_is_left_of_it(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    told = line.workspace.bep("run", "job.yml", "--name", "second", "--timeout", "0.1", expect=1).stderr
    assert "gave up waiting after 0.1 seconds; nothing was scored: second was waiting behind first" in told
    assert line.statuses() == {"first": "Running"}
    line.let_go()
    first.communicate()
    assert line.workspace.bep("run", "job.yml", "--name", "second", "--timeout", "0").returncode == 0


def test_ctrl_c_leaves_the_line(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    second.send_signal(signal.SIGINT)
    second.communicate()
    assert second.returncode == 130
    assert line.statuses() == {"first": "Running"}
    line.let_go()
    first.communicate()


def test_the_place_of_a_holder_that_was_killed_is_free(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    first.kill()
    until(lambda: line.status("second") in ("Running", "Completed"))
    line.let_go()
    assert second.communicate()[0].startswith("job second Completed")
    assert line.status("first") == "NotResponding"
    first.communicate()
    assert line.workspace.bep("job", "resume", "first", "--env", "JOB=first").stdout.startswith(
        "job first Completed: 5 scored"
    )


def test_a_place_in_line_that_was_killed_holds_nobody_up_and_is_told_of(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    third = run(line, "third")
    _in_line(line, "third")
    second.kill()
    second.communicate()
    line.let_go()
    first.communicate()
    assert third.communicate()[0].startswith("job third Completed")
    assert line.statuses() == {"third": "Completed", "second": "Failed", "first": "Completed"}
    shown = line.workspace.bep("job", "show", "second")
    assert "RunnerGone: its process was killed before the job had begun" in shown.stdout
    assert "next: bep job delete second" in shown.stderr
    assert run(line, "second").communicate()[0].startswith("job second Completed")  # its name is free all the same
    assert line.statuses()["second"] == "Completed"


def test_one_that_was_killed_in_line_is_told_of_before_anybody_else_comes(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    second.kill()
    second.communicate()
    assert line.statuses()["second"] == "Failed"
    line.workspace.bep("job", "delete", "second", "-y")
    assert list(line.statuses()) == ["first"]
    line.let_go()
    first.communicate()


def test_no_wait_returns_from_the_line_with_the_name(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    done = line.workspace.bep("run", "job.yml", "--no-wait", "-o", "json")
    assert json.loads(done.stdout)["status"] == "Queued"
    name = json.loads(done.stdout)["name"]
    assert f"job {name}: waiting behind first" in done.stderr
    stream = started(line, "job", "stream", name)
    line.let_go()
    first.communicate()
    told = stream.communicate()
    assert stream.returncode == 0
    assert "Streaming job_progress_overview" in told[0]
    assert f"job {name} Completed: 5 scored" in told[0]


def test_a_job_that_waits_can_be_cancelled_from_elsewhere(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    cancelled = line.workspace.bep("job", "cancel", "second")
    assert (
        cancelled.stdout == "job second Canceled: it never began\nnext: bep job delete second  takes it off the list\n"
    )
    told = second.communicate()[0]
    assert second.returncode == 130
    assert told.startswith("job second Canceled: it never began")
    for verb in ("resume", "logs", "download"):
        refused = line.workspace.bep("job", verb, "second", expect=1).stderr
        assert "second is Canceled, and never began: run it anew" in refused
    line.workspace.bep("job", "delete", "second", "-y")
    assert line.statuses() == {"first": "Running"}
    line.let_go()
    first.communicate()


def test_what_goes_on_takes_a_place_as_well(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    os.kill(host_of(line, "first"), signal.SIGKILL)
    first.communicate()
    second = run(line, "second")
    _begun(line, "second")
    refused = line.workspace.bep("job", "resume", "first", "--timeout", "0.1", "--env", "JOB=first", expect=1).stderr
    assert "gave up waiting after 0.1 seconds; nothing was scored: first was waiting behind second" in refused
    resumed = started(line, "job", "resume", "first", "--env", "JOB=first")
    until(lambda: any(one.job == "first" for one in line.queue.tickets()))
    line.let_go()
    second.communicate()
    assert resumed.communicate()[0].startswith("job first Completed: 5 scored")


def test_what_the_world_says_now_counts(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    second = run(line, "second")
    _in_line(line, "second")
    line.workspace.edit("specs.yml", "max_instances: 1", "max_instances: 2")
    line.workspace.bep("apply", "-y")
    _begun(line, "second")
    line.workspace.edit("specs.yml", "max_instances: 2", "max_instances: 1")
    large = run(line, "large", "-c", "2")
    _in_line(line, "large")
    line.workspace.bep("apply", "-y")
    told = large.communicate()[1]
    assert large.returncode == 3
    assert "compute/cpu-cluster has max_instances" in told
    line.let_go()
    assert [first.wait(), second.wait()] == [0, 0]
    for one in (first, second):
        one.communicate()


def test_a_job_with_wrong_inputs_is_refused_before_it_waits(line: Line) -> None:
    line.hold()
    first = run(line, "first")
    _begun(line, "first")
    assert "there is no" in line.workspace.bep("run", "-e", "letters", "-i", "nowhere", expect=3).stderr
    assert "has max_instances" in line.workspace.bep("run", "job.yml", "-c", "2", expect=3).stderr
    line.let_go()
    first.communicate()


def test_no_wait_and_a_timeout_contradict_each_other(line: Line) -> None:
    refused = line.workspace.bep("run", "job.yml", "--no-wait", "--timeout", "3", expect=1).stderr
    assert "--timeout is how long to wait in line, and --no-wait does not wait" in refused
