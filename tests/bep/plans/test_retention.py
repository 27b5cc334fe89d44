"""The routine release: a version of a model that leaves the specs stays in the registry, and the state says so."""

import json
import subprocess
import sys

from tests.bep.conftest import Workspace, surroundings, until

ONE = "model/alphabet/1"


def actions(workspace: Workspace) -> dict[str, str]:
    """What a plan would do, by address."""
    return {change["address"]: change["action"] for change in plan(workspace)}


def plan(workspace: Workspace) -> list[dict[str, str]]:
    changes: list[dict[str, str]] = json.loads(workspace.bep("plan", "--json").stdout)["changes"]
    return changes


def status(workspace: Workspace, address: str) -> str:
    return str(json.loads(workspace.bep("show", address, "-o", "json").stdout)["status"])


def test_a_release_deletes_nothing_and_the_old_version_comes_back_by_name(applied: Workspace) -> None:
    applied.edit("specs.yml", "version: 1, path: model", "version: 2, path: model")
    applied.edit("model/letters.txt", "abc", "abd")
    said = applied.bep("apply", "-y").stdout
    assert "it stays in the registry: no longer in the specs; " in said
    assert status(applied, ONE) == "retained"
    assert not actions(applied)
    applied.edit("specs.yml", "version: 2, path: model", "version: 1, path: model")
    applied.edit("model/letters.txt", "abd", "abc")
    assert actions(applied) == {
        ONE: "adopt",
        "model/alphabet/2": "retain",
        "deployment/letters/blue": "update",
    }
    applied.bep("apply", "-y")
    assert (status(applied, ONE), status(applied, "model/alphabet/2")) == ("in step", "retained")


def test_the_registry_keeps_as_many_as_bep_yml_says_and_removed_takes_one_away(applied: Workspace) -> None:
    for version in (2, 3):
        applied.edit("specs.yml", f"version: {version - 1}, path", f"version: {version}, path")
        applied.bep("apply", "-y")
    bep_yml = (applied.folder / "bep.yml").read_text()
    (applied.folder / "bep.yml").write_text(bep_yml + f"removed: [{{address: {ONE}}}]\n")
    assert actions(applied) == {ONE: "delete"}
    (applied.folder / "bep.yml").write_text(bep_yml + "registry: {keep: 0}\n")
    assert actions(applied) == {ONE: "delete"}, "the last plan, which could be taken back, needs version 2"
    applied.bep("apply", "-y")
    assert actions(applied) == {"model/alphabet/2": "delete"}


def test_what_an_unfinished_job_was_begun_with_stays(applied: Workspace) -> None:
    wait = "import pathlib, time\nwhile not pathlib.Path('GO').exists(): time.sleep(0.05)\n"
    go = applied.folder / "go"
    score = applied.folder / "code/score.py"
    score.write_text(wait.replace("GO", str(go)) + score.read_text())
    applied.bep("apply", "-y")
    job = subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--name", "night"],
        cwd=applied.folder,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until((applied.folder / ".bep/jobs/night/job.json").exists)
        applied.edit("specs.yml", "{name: alphabet, version: 1,", "{name: letters, version: 1,")
        assert reason(applied) == "no longer in the specs; job night, which is not over, uses it"
    finally:
        go.touch()
        assert job.wait(60) == 0
    assert reason(applied) == "no longer in the specs; taking back the last plan needs it"


def reason(workspace: Workspace) -> str:
    """Why the version is retained."""
    [kept] = [change for change in plan(workspace) if change["address"] == ONE]
    assert kept["action"] == "retain"
    return kept["reason"]
