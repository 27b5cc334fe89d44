"""`bep env`: environments built ahead, looked at and removed."""

import json
import sys

import pytest

from tests.bep.conftest import Workspace

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
ASKING = f'{{name: plain, version: 1, image: python, conda_file: {{dependencies: ["python={PYTHON}"]}}}}'


@pytest.fixture
def asking(workspace: Workspace) -> Workspace:
    """A deployment that asks for a Python of its own, and for nothing from an index."""
    workspace.edit("specs.yml", "{name: plain, version: 1, image: python}", ASKING)
    workspace.bep("apply", "--auto-approve")
    return workspace


def test_what_is_built_ahead_is_what_a_job_uses(asking: Workspace) -> None:
    assert "No environment is built here" in asking.bep("env", "list").stderr
    built = asking.bep("env", "build", "plain:1")
    assert "making a virtual environment" in built.stderr
    assert built.stdout.startswith("plain/1 (")
    for again in (("env", "build"), ("env", "build", "--deployment", "letters/blue")):
        done = asking.bep(*again)
        assert (done.stdout, done.stderr) == (built.stdout, "")
    (value,) = json.loads(asking.bep("env", "build", "-o", "json").stdout)
    assert (value["label"], value["builder"]) == ("plain/1", "pip")
    assert built.stdout.endswith(f": {value['interpreter']}\n")
    (row,) = json.loads(asking.bep("env", "list", "-o", "json").stdout)
    assert (row["label"], row["last_used"], row["needed_by"]) == ("plain/1", None, "deployment/letters/blue")
    assert row["python"].startswith(PYTHON)
    assert row["megabytes"] > 0.1
    assert "making" not in asking.bep("run", "job.yml", "--name", "used").stderr
    shown = json.loads(asking.bep("env", "show", "plain", "-o", "json").stdout)
    assert shown["last_used"]
    assert shown["interpreter"] in built.stdout


def test_only_what_nobody_needs_is_removed_and_only_after_asking(asking: Workspace) -> None:
    asking.bep("env", "build")
    kept = asking.bep("env", "prune", "--auto-approve")
    assert kept.stdout == "Nothing to remove: each is needed.\n"
    asking.edit("specs.yml", ASKING, "{name: other, version: 1, image: python}")
    asking.bep("apply", "--auto-approve")
    refused = asking.bep("env", "prune", expect=1)
    assert "- plain/1" in refused.stderr
    (row,) = json.loads(asking.bep("env", "list", "-o", "json").stdout)
    (digest,) = json.loads(asking.bep("env", "prune", "--auto-approve", "-o", "json").stdout)
    assert digest.startswith(row["digest"])
    assert json.loads(asking.bep("env", "list", "-o", "json").stdout) == []


def test_what_is_not_there_is_said_with_the_nearest(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    assert "plain/1" in workspace.bep("env", "build", "plane", expect=1).stderr
    assert "nothing to build" in workspace.bep("env", "build", "plain").stderr
    assert "no applied deployment needs" in workspace.bep("env", "build").stderr
    assert "no environment 'plain' is built" in workspace.bep("env", "show", "plain", expect=1).stderr
    assert "not both" in workspace.bep("env", "build", "plain", "-d", "letters/blue", expect=1).stderr
