"""Jobs of other processes: cancelled, looked into, fetched."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, until, write

SLOW = """
import os, sys, time

def run(mini_batch):
    time.sleep(0.1)
    print("scoring", [os.path.basename(path) for path in mini_batch])
    print("careful", file=sys.stderr)
    return [os.path.basename(path) for path in mini_batch]
"""
OUTPUT = ".bep/cloud/datastores/workspaceblobstore/azureml/{}/score"


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("applied")
    write(folder, {**FILES, "code/score.py": SLOW, **{f"texts/{number:03d}.txt": "x" for number in range(60)}})
    Workspace(folder).bep("apply", "--auto-approve")
    return folder


@pytest.fixture
def slow(applied_once: Path, tmp_path: Path) -> Workspace:
    """A deployment that takes a while for each of sixty files."""
    return Workspace(Path(shutil.copytree(applied_once, tmp_path / "workspace")))


@contextmanager
def running(workspace: Workspace, name: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A job that another process runs, and that has scored something."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--name", name, "-m", "1", *more],
        cwd=workspace.folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: any(f.stat().st_size for f in (workspace.folder / ".bep/jobs" / name).glob("parts/*.journal")))
        yield process
    finally:
        process.kill()
        process.wait()


def status_of(workspace: Workspace, name: str) -> str:
    return workspace.bep("job", "show", name, "--query", "status", "-o", "tsv").stdout.strip()


def test_a_running_job_is_cancelled_and_can_be_resumed(slow: Workspace) -> None:
    with running(slow, "long") as process:
        told = json.loads(slow.bep("job", "cancel", "long", "-o", "json").stdout)
        assert process.wait(10) == 130
    assert (told["name"], told["status"]) == ("long", "Canceled")
    assert (slow.folder / ".bep/jobs/long/report.html").exists()  # it was asked once, and had the time to end
    assert 0 < told["counts"]["scored"] < 65
    assert told["outputs"]["score"]["file"] is None
    assert slow.bep("job", "cancel", "long").returncode == 0  # twice is no mistake
    slow.bep("job", "resume", "long")
    rows = (slow.folder / OUTPUT.format("long") / "predictions.csv").read_text().split()
    assert rows == sorted(rows)
    assert len(rows) == 65
    assert "nothing to cancel" in slow.bep("job", "cancel", "long", expect=1).stderr


def test_a_job_whose_process_died_is_recorded_as_cancelled(slow: Workspace) -> None:
    with running(slow, "dead") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert status_of(slow, "dead") == "NotResponding"
    listed = json.loads(slow.bep("job", "list", "--status", "notresponding", "-o", "json").stdout)
    assert (listed[0]["name"], listed[0]["counts"]["scored"] > 0, listed[0]["seconds"] > 0) == ("dead", True, True)
    told = json.loads(slow.bep("job", "cancel", "dead", "-o", "json").stdout)
    assert told["status"] == "Canceled"
    assert told["counts"]["scored"] == listed[0]["counts"]["scored"]
    assert status_of(slow, "dead") == "Canceled"
    assert not json.loads((slow.folder / ".bep/jobs/dead/job.json").read_text())["error"]


def test_force_kills_a_runner_that_does_not_react(slow: Workspace) -> None:
    with running(slow, "stuck") as process:
        os.kill(process.pid, signal.SIGSTOP)
        assert "Canceled" in slow.bep("job", "cancel", "stuck", "--force").stdout
        assert process.wait(10) == -signal.SIGKILL
    assert status_of(slow, "stuck") == "Canceled"


def test_nobody_else_is_signalled(slow: Workspace) -> None:
    """The record of a dead job names a number that is another process's by now."""
    with running(slow, "reused") as process:
        process.kill()
        process.wait()
    other = subprocess.Popen(["sleep", "60"])
    try:
        for file, old in (("job.json", f'"process": {process.pid}'), ("lock", f"process {process.pid}")):
            path = slow.folder / ".bep/jobs/reused" / file
            path.write_text(path.read_text().replace(old, old.replace(str(process.pid), str(other.pid))))
        slow.bep("job", "cancel", "reused", "--force")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_logs_are_printed_and_followed(slow: Workspace) -> None:
    with running(slow, "talk", "-c", "2"):
        followed = slow.bep("job", "logs", "talk", "-f", "--stdout").stdout
    assert followed.count("scoring [") == 65
    assert "==> node0/process000 stdout <==" in followed
    one = slow.bep("job", "logs", "talk", "--worker", "0", "--stderr").stdout
    assert set(one.split()) == {"careful"}
    assert slow.bep("job", "logs", "talk", "--error").stderr == "nothing was said\n"
    assert "there are: 0, 1" in slow.bep("job", "logs", "talk", "--worker", "7", expect=1).stderr


def test_outputs_are_copied_over_nothing(slow: Workspace, tmp_path: Path) -> None:
    assert "is Running" in _while_running(slow)
    slow.bep("run", "job.yml", "--name", "done", "--input", "texts/00*.txt")
    slow.bep("job", "download", "done", "--path", "got", "--all")
    got = slow.folder / "got"
    assert (got / "predictions.csv").read_text().splitlines() == [f"{n:03d}.txt" for n in range(10)]
    assert json.loads((got / "artifacts/job.json").read_text())["name"] == "done"
    assert (got / "artifacts/logs/job_result.txt").exists()
    refused = slow.bep("job", "download", "done", "--path", "got", expect=1)
    assert "predictions.csv: there already, and never overwritten" in refused.stderr
    assert sorted(path.name for path in got.iterdir()) == ["artifacts", "predictions.csv"]


def _while_running(slow: Workspace) -> str:
    with running(slow, "busy") as process:
        os.kill(process.pid, signal.SIGSTOP)  # so that it is not over before the command looks at it
        return slow.bep("job", "download", "busy", expect=1).stderr


def test_of_a_folder_that_the_user_chose_only_the_predictions_come(slow: Workspace) -> None:
    slow.bep("run", "job.yml", "--name", "mine", "--input", "texts/a.txt", "--output-path", ".")
    told = json.loads(slow.bep("job", "download", "mine", "--path", "got", "-o", "json").stdout)
    assert told["downloaded"] == [str(slow.folder / "got/predictions.csv")]


def test_every_job_tells_the_same_to_a_script(slow: Workspace) -> None:
    slow.bep("run", "job.yml", "--name", "one", "--input", "texts/a.txt")
    (listed,) = json.loads(slow.bep("job", "list", "-o", "json").stdout)
    shown = json.loads(slow.bep("job", "show", "one", "-o", "json").stdout)
    for told in (listed, shown):
        assert (told["name"], told["status"], told["counts"]["scored"]) == ("one", "Completed", 1)
        assert told["outputs"]["score"]["file"].endswith("azureml/one/score/predictions.csv")
        assert told["finished"] > told["created"] or told["finished"] == told["created"]


@pytest.mark.parametrize("command", [("stream",), ("logs", "-f")])
def test_ctrl_c_ends_the_following_and_not_the_job(slow: Workspace, command: tuple[str, ...]) -> None:
    with running(slow, "followed") as process:
        os.kill(process.pid, signal.SIGSTOP)  # so that it is not over before anybody follows it
        following = subprocess.Popen(
            [sys.executable, "-m", "bep", "job", *command, "followed"], cwd=slow.folder, env=surroundings(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert following.stdout
        assert following.stdout.readline()
        following.send_signal(signal.SIGINT)
        said = following.communicate(timeout=20)[1]
        assert following.returncode == 130
        assert "no longer followed; job followed goes on" in said
        assert "bep job stream followed follows it again, bep job cancel followed stops it" in said
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(60) == 0
    assert status_of(slow, "followed") == "Completed"


def test_a_job_that_was_given_values_goes_on_when_they_are_given_again(slow: Workspace) -> None:
    (slow.folder / "job.yml").write_text(
        (slow.folder / "job.yml").read_text() + "environment_variables: {REGION: eu, TOKEN: canary}\n"
    )
    with running(slow, "given") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert "canary" not in (slow.folder / ".bep/jobs/given/job.json").read_text()
    refused = slow.bep("job", "resume", "given", expect=1).stderr
    assert "fix: --env REGION=VALUE --env TOKEN=VALUE" in refused
    assert "it has REGION, TOKEN" in slow.bep("job", "resume", "given", "--env", "REGON=eu", expect=1).stderr
    unset = slow.bep("job", "resume", "given", "--env", "REGION=eu", "--env", "TOKEN", expect=1).stderr
    assert "give it as TOKEN=VALUE" in unset
    slow.bep("job", "resume", "given", "--env", "REGION=eu", "--env", "TOKEN", TOKEN="canary")
    assert status_of(slow, "given") == "Completed"


def test_a_value_that_a_job_was_given_is_not_replaced_by_the_deployments(applied: Workspace) -> None:
    (applied.folder / "code/score.py").write_text(
        "import os\ndef run(mini_batch):\n    if os.environ['REGION'] == 'us': raise ValueError('us')\n"
        "    return [os.environ['REGION']] * len(mini_batch)\n"
    )
    applied.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, environment_variables: {REGION: eu}}")
    applied.bep("apply", "--auto-approve")
    applied.bep("run", "job.yml", "--name", "mine", "--set", "environment_variables.REGION=us", expect=1)
    refused = applied.bep("job", "retry", "mine", expect=1)
    assert "fix: --env REGION=VALUE" in refused.stderr
    applied.bep("job", "retry", "mine", "--env", "REGION=asia")
    assert (applied.folder / OUTPUT.format("mine") / "predictions.csv").read_text() == "asia\n" * 65


def test_a_killed_job_names_the_way_on_wherever_it_is_looked_at(slow: Workspace) -> None:
    with running(slow, "dead") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    scored = json.loads(slow.bep("job", "show", "dead", "-o", "json").stdout)["counts"]["scored"]
    streamed = slow.bep("job", "stream", "dead", expect=1).stdout
    assert f"job dead NotResponding: {scored} scored, 0 failed" in streamed
    assert streamed.count("bep job resume dead") == 1
    for command in (("list",), ("show", "dead"), ("download", "dead")):
        assert "bep job resume dead" in slow.bep("job", *command, expect=None).stderr
