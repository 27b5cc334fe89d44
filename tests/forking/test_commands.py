"""A forked command is to whoever started it what one is that was started anew."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings, until
from tests.cluster.machines import missing, network
from tests.forking.commands import Forked, can_be_forked, run, started

pytestmark = pytest.mark.skipif(not can_be_forked(surroundings()), reason="every command is started anew here")


@pytest.mark.parametrize("line", ["plan", "plan --detailed-exitcode", "explain nothing-of-the-kind", "frobnicate", ""])
def test_it_says_and_ends_as_one_that_is_started_anew(workspace: Workspace, line: str) -> None:
    forked = run(line.split(), workspace.folder, surroundings())
    anew = subprocess.run(
        [sys.executable, "-m", "bep", *line.split()],
        cwd=workspace.folder, env=surroundings(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (forked.returncode, forked.stdout, forked.stderr) == (anew.returncode, anew.stdout, anew.stderr)


def test_it_has_its_own_environment_folder_and_streams(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: ${{ var.nodes }}")
    with (workspace.folder / "bep.yml").open("a") as file:
        file.write("variables: {nodes: {type: integer}}\n")
    with started(("plan",), workspace.folder, {**surroundings(), "BEP_VAR_nodes": "3"}) as first:
        assert isinstance(first, Forked)
        second = workspace.bep("plan", BEP_VAR_nodes="4")
        assert "up to 3 instances" in first.communicate(timeout=60)[0]
    assert "up to 4 instances" in second.stdout


def test_it_is_killed_by_its_number_and_what_it_started_is_not_held(applied: Workspace) -> None:
    with started(("serve", "--port", "0", "--json"), applied.folder, surroundings()) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("{")
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == process.returncode == process.poll() == -signal.SIGKILL
        until(lambda: not Path(f"/proc/{process.pid}").exists())
        process.kill()  # nobody is there any more


def test_it_is_waited_for_no_longer_than_is_said(applied: Workspace) -> None:
    with started(("serve", "--port", "0"), applied.folder, surroundings()) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0)
        process.kill()


def test_what_is_read_at_a_start_makes_a_command_start_anew(workspace: Workspace) -> None:
    assert not can_be_forked({**surroundings(), "PYTHONIOENCODING": "latin-1"})
    assert not can_be_forked({**surroundings(), "TZ": "Asia/Tokyo"})
    assert can_be_forked({**surroundings(), "XDG_CACHE_HOME": "/elsewhere"})
    assert workspace.bep("version", PYTHONIOENCODING="latin-1").stdout.startswith("bep ")


def test_a_command_is_in_the_network_of_whoever_starts_it(workspace: Workspace, tmp_path: Path) -> None:
    """A server that began to fork in a network of one test would be out of reach for all others."""
    if reason := missing():
        pytest.skip(reason)
    with network(tmp_path):
        assert not can_be_forked(surroundings())
        assert workspace.bep("version").stdout.startswith("bep ")
    assert can_be_forked(surroundings())
