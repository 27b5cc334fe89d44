"""Promise 3, with the command itself: `bep apply` killed 8 times, and the next plan and apply finish.

`python -m tests.faults kill --help` has the same with more kills, more resources and every write point.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tests.benchmarks.planning import spec
from tests.bep.conftest import Workspace, surroundings

KILLS = 8
RESOURCES = 60


def _specs(round: int) -> str:
    """Some assets come and go from round to round, and every one has another description."""
    numbers = [number for number in range(RESOURCES) if (number + round) % 5]
    return "---\n".join(spec(number, None, f"round {round}") for number in numbers)


def test_an_apply_killed_at_any_moment_is_finished_by_the_next(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    workspace = make_workspace({"bep.yml": "workspace: killed\nspecs: [assets.yml]\n", "assets.yml": _specs(0)})
    began = time.monotonic()
    workspace.bep("apply", "--auto-approve")
    undisturbed = time.monotonic() - began
    moments = random.Random(20261122)
    killed = round = 0
    while killed < KILLS:
        round += 1
        (workspace.folder / "assets.yml").write_text(_specs(round))
        if _apply_and_kill(workspace, moments.uniform(0.2, 1.0) * undisturbed):
            killed += 1
        else:
            undisturbed *= 0.8  # the machine is less busy than it was
        entries = workspace.bep("state", "list", "-o", "json", expect=None)
        assert entries.returncode == 0, entries.stderr

    workspace.bep("apply", "--auto-approve", "--allow", "delete-many")
    assert workspace.bep("plan", "--detailed-exitcode").stdout.startswith("Nothing to do.")
    state = json.loads((workspace.folder / ".bep/state.json").read_text())
    there = sqlite3.connect(workspace.folder / ".bep/cloud/catalog.sqlite")
    with there:
        addresses = [address for (address,) in there.execute("select address from objects order by address")]
    there.close()
    assert addresses == sorted(state["entries"])
    assert len(addresses) == _specs(round).count("kind: data")


def _apply_and_kill(workspace: Workspace, after: float) -> bool:
    """Whether the process was still there to be killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", "apply", "--auto-approve", "--allow", "delete-many"],
        cwd=workspace.folder,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, said = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    assert process.returncode == 0, said.decode()
    return False
