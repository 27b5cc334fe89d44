"""What a command says while another one is at work, and when nobody listens any more."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tests.benchmarks.planning import spec
from tests.bep.conftest import Workspace, surroundings

RESOURCES = 1500


def test_a_plan_beside_an_apply_tells_the_truth_and_another_apply_is_refused(
    make_workspace: Callable[[Mapping[str, str]], Workspace],
) -> None:
    specs = "---\n".join(spec(number, None) for number in range(RESOURCES))
    workspace = make_workspace({"bep.yml": "workspace: busy\nspecs: [assets.yml]\n", "assets.yml": specs})
    apply = _begun(workspace, "apply", "--auto-approve", out=subprocess.DEVNULL)
    lock = workspace.folder / ".bep/state.json.lock"
    while not lock.exists() or not lock.read_bytes().strip():
        assert apply.poll() is None
        time.sleep(0.01)
    refused = workspace.bep("apply", "--auto-approve", expect=None)
    planned = workspace.bep("plan", expect=None)
    apply.communicate()
    assert apply.returncode == 0
    assert planned.returncode == 0, planned.stdout[-2000:]
    assert "interrupted" not in planned.stdout
    if refused.returncode:  # it may have come when the other had just finished
        assert refused.returncode == 4
        assert "the state is locked: bep apply by" in refused.stderr
    assert workspace.bep("plan").stdout.startswith(f"Nothing to do. {RESOURCES} resources")


def test_a_reader_who_leaves_ends_no_work(applied: Workspace) -> None:
    workspace = applied
    for arguments in (("run", "job.yml", "--name", "unheard"), ("run", "job.yml", "--name", "json", "--json")):
        job = _begun(workspace, *arguments)
        assert job.stdout is not None
        job.stdout.close()
        assert job.wait(60) == 0
    for name in ("unheard", "json"):
        assert workspace.bep("job", "show", name, "--query", "status", "-o", "tsv").stdout == "Completed\n"
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    apply = _begun(workspace, "apply", "--auto-approve")
    assert apply.stdout is not None
    apply.stdout.close()
    assert apply.wait(60) == 0
    assert workspace.bep("plan").stdout.startswith("Nothing to do.")


def test_what_is_beps_is_kept_out_of_version_control(applied: Workspace) -> None:
    assert (applied.folder / ".bep/.gitignore").read_text() == "*\n"


def _begun(workspace: Workspace, *arguments: str, out: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bep", *arguments],
        cwd=workspace.folder,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
    )
