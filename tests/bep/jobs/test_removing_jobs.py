"""`bep job delete` and `bep job prune`: what goes, what stays, and what a kill in the middle leaves."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bep.app.jobs.removing import prunable
from bep.runner.folder.record import Status
from tests.bep.conftest import Workspace, surroundings
from tests.bep.jobs.test_job_list import NOON, RECORDS, record

KILLED = """
import os, signal, sys
from bep import cli
from bep.runner.folder import removing
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
class Killing:
    token_hex = staticmethod(kill)
step = sys.argv[1]
if step == "secrets":
    removing.secrets = Killing
else:
    setattr(removing if hasattr(removing, step) else removing.shutil, step, kill)
cli.run(["job", "delete", "mine", "--auto-approve"])
"""


@pytest.fixture
def scored(applied: Workspace) -> Workspace:
    """A workspace with the job `mine` in it."""
    applied.bep("run", "job.yml", "--name", "mine")
    return applied


def output_of(workspace: Workspace, name: str = "mine") -> Path:
    """The folder that bep made for a job's output."""
    return workspace.folder / f".bep/cloud/datastores/workspaceblobstore/azureml/{name}/score"


def names(workspace: Workspace) -> list[str]:
    """The jobs that are listed."""
    return [row["name"] for row in json.loads(workspace.bep("job", "list", "-o", "json").stdout)]


def test_a_job_goes_with_all_that_bep_keeps_of_it(scored: Workspace) -> None:
    told = scored.bep("job", "delete", "mine", "--dry-run")
    assert "mine, Completed, " in told.stderr
    assert f"with its output {output_of(scored)}" in told.stderr
    assert "1 job would be removed." in told.stdout
    assert "say --auto-approve" in scored.bep("job", "delete", "mine", expect=1).stderr
    assert names(scored) == ["mine"]
    scored.bep("job", "delete", "mi", "--yes")
    assert names(scored) == []
    assert [*(scored.folder / ".bep/jobs").iterdir()] == []
    assert not output_of(scored).parent.exists()
    assert "there is no job 'mine'" in scored.bep("job", "delete", "mine", "-y", expect=1).stderr


def test_an_output_that_the_user_chose_stays(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for name, path in (("here", "out"), ("there", str(outside))):
        applied.bep("run", "job.yml", "--name", name, "--output-path", path)
    applied.bep("run", "job.yml", "--name", "kept")
    said = applied.bep("job", "delete", "here", "there", "-y").stderr
    assert f"{outside}/predictions.csv stays" in said
    assert f"{applied.folder}/out/predictions.csv stays" in said
    assert (outside / "predictions.csv").exists()
    assert (applied.folder / "out/predictions.csv").exists()
    applied.bep("job", "delete", "kept", "-y", "--keep-output")
    assert (output_of(applied, "kept") / "predictions.csv").exists()


@contextmanager
def running(workspace: Workspace) -> Iterator[None]:
    """While the job `slow` runs."""
    (workspace.folder / "code/score.py").write_text("import time\ndef run(mini_batch):\n    time.sleep(600)\n")
    workspace.bep("apply", "-y")
    command = [sys.executable, "-m", "bep", "run", "job.yml", "--name", "slow", "--json"]
    with subprocess.Popen(command, cwd=workspace.folder, env=surroundings(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def test_a_job_that_runs_is_refused_and_nothing_else_goes(scored: Workspace) -> None:
    with running(scored):
        said = scored.bep("job", "delete", "mine", "slow", "-y", expect=1).stderr
        assert "slow is not over; nothing was removed\n    fix: bep job cancel slow" in said
        assert "Nothing to remove" in scored.bep("job", "prune", "--status", "running", "-y").stdout
        assert set(names(scored)) == {"mine", "slow"}
    scored.bep("job", "delete", "slow", "-y")
    assert names(scored) == ["mine"]


@pytest.mark.parametrize(("step", "is_there"), [("secrets", True), ("sync_folder", False), ("rmtree", False)])
def test_a_removal_that_is_killed_leaves_the_job_or_nothing(scored: Workspace, step: str, is_there: bool) -> None:
    command = [sys.executable, "-c", KILLED, step]
    done = subprocess.run(command, cwd=scored.folder, env=surroundings(), check=False)
    assert done.returncode == -9
    assert names(scored) == (["mine"] if is_there else [])
    if is_there:
        assert "Completed" in scored.bep("job", "show", "mine").stdout
        assert "Nothing to free" in scored.bep("gc", "--dry-run").stdout
        scored.bep("job", "delete", "mine", "-y")
    else:
        scored.bep("gc", "--dry-run")
        assert "there is no job 'mine'" in scored.bep("job", "show", "mine", expect=1).stderr
        scored.bep("run", "job.yml", "--name", "mine")  # its place is free again
        assert names(scored) == ["mine"]
        assert (output_of(scored) / "predictions.csv").exists()
    assert not [*scored.folder.rglob(".removed-*")]


def test_prune_chooses_by_age_number_and_status() -> None:
    every = [*RECORDS, record("alive", 100, Status.RUNNING)]

    def chosen(before: datetime | None = None, keep: int = 0, *statuses: str) -> list[str]:
        return [one.name for one in prunable(every, before, keep, frozenset(statuses))]

    assert chosen(NOON - timedelta(hours=10)) == ["oldest", "old"]
    assert chosen(NOON - timedelta(hours=10), 3) == ["oldest"]
    assert chosen(None, 2) == ["oldest", "old"]
    assert chosen(None, 0, "Failed") == ["oldest", "new"]
    assert chosen(None, 1, "Failed") == ["oldest"]


def test_prune_says_what_it_removes_and_asks(scored: Workspace) -> None:
    file = scored.folder / ".bep/jobs/mine/job.json"
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    file.write_text(json.dumps({**json.loads(file.read_text()), "created": old, "finished": old}))
    scored.bep("run", "job.yml", "--name", "new")
    assert "say which jobs: --older 30d" in scored.bep("job", "prune", "-y", expect=1).stderr
    assert "--older x" in scored.bep("job", "prune", "--older", "x", expect=1).stderr
    told = scored.bep("job", "prune", "--older", "30d", "--dry-run", "-o", "json")
    assert [row["name"] for row in json.loads(told.stdout)] == ["mine"]
    assert "say --auto-approve" in scored.bep("job", "prune", "--older", "30d", expect=1).stderr
    assert "Nothing to remove" in scored.bep("job", "prune", "--older", "30d", "--keep", "2", "-y").stdout
    assert "1 job removed." in scored.bep("job", "prune", "--older", "30d", "--yes").stdout
    assert names(scored) == ["new"]
