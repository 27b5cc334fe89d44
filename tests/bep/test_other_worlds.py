import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, surroundings, write
from tests.slow_world import Service

ROOT = Path(__file__).parents[2]
SPECS = FILES["specs.yml"]
AZURE = "provider: {azure: {subscription_id: s, resource_group: g, workspace_name: www}}"
ADDRESSES = {
    "compute/cpu-cluster",
    "deployment/letters/blue",
    "endpoint/letters",
    "environment/plain/1",
    "model/alphabet/1",
    "traffic/letters",
}


class Slow:
    """A workspace of the slow world, and bep with that world in its table, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        write(folder, {**FILES, "bep.yml": f"workspace: letters\n{AZURE}\nspecs: [specs.yml]\n"})
        self.folder = folder
        self.service = Service(folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.slow_world", *arguments],
            cwd=self.folder,
            env={**surroundings(), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def bep(self, *arguments: str, expect: int = 0) -> str:
        process = self.start(*arguments)
        result, said = process.communicate(timeout=120)
        assert process.returncode == expect, f"{arguments}\n{result}\n{said}"
        return result + said

    def entries(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads((self.folder / ".bep/state.json").read_text())["entries"]
        return found

    def wait_for(self, there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        """Until it is so, as long as the process lives."""
        while not there():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    return Slow(tmp_path)


def test_a_world_that_is_slow_and_forgetful_goes_through_every_use_case(slow: Slow) -> None:
    slow.bep("validate")
    slow.bep("plan", "--detailed-exitcode", expect=2)
    slow.bep("apply", "-y")
    assert set(slow.entries()) == ADDRESSES
    assert sorted(slow.service.log()) == [["create", address] for address in sorted(ADDRESSES)]
    assert slow.bep("plan", "--detailed-exitcode").startswith("Nothing to do.")  # traffic touched its endpoint
    rows = json.loads(slow.bep("show", "-o", "json"))
    assert {row["address"]: row["status"] for row in rows} == dict.fromkeys(ADDRESSES, "in step")
    assert "max_instances: 2" in slow.bep("show", "compute/cpu-cluster")

    slow.bep("state", "rm", "compute/cpu-cluster")
    slow.bep("import", "compute/cpu-cluster")
    assert set(slow.entries()) == ADDRESSES
    assert "compute/cpu-cluster" in slow.bep("state", "list")
    assert json.loads(slow.bep("state", "pull"))["entries"].keys() == ADDRESSES

    (slow.folder / "specs.yml").write_text(SPECS.replace("max_instances: 2", "max_instances: 3"))
    slow.bep("apply", "-y")
    assert slow.service.log()[-1] == ["update", "compute/cpu-cluster"]
    slow.bep("destroy", "-y", "--allow", "delete-many", "--allow", "active-deployment")
    assert slow.entries() == {}
    assert len(slow.service.log()) == 13


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("run", "job.yml"), "runs no jobs on this machine"),
        (("env", "list"), "builds its environments itself"),
        (("state", "repair"), "keeps the files of what is registered elsewhere"),
        (("gc", "--dry-run"), "keeps the files of what is registered elsewhere"),
    ],
)
def test_what_a_world_does_not_have_is_said(slow: Slow, arguments: tuple[str, ...], why: str) -> None:
    (slow.folder / "specs.yml").write_text(SPECS.split("---")[0])
    slow.bep("apply", "-y")
    assert f"the world azure of this workspace {why}" in slow.bep(*arguments, expect=1)


@pytest.mark.parametrize("moment", ["stall", "hold"])
def test_a_killed_apply_goes_on_with_its_operation(slow: Slow, moment: str) -> None:
    """Killed before the token is known, and while it is waited for."""
    (slow.folder / "specs.yml").write_text(SPECS.split("---")[0])
    (slow.folder / moment).touch()
    process = slow.start("apply", "-y")
    journal = slow.folder / ".bep/state.json.journal"
    slow.wait_for(lambda: bool(slow.service.log()), process)
    if moment == "hold":
        slow.wait_for(lambda: b'"token"' in journal.read_bytes(), process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (b'"token"' in journal.read_bytes()) is (moment == "hold")
    assert slow.entries() == {}

    if moment == "hold":
        said = slow.bep("plan", expect=3)
        assert "it is still being worked on" in said
        assert "it is still being created" in said
    (slow.folder / moment).unlink()
    said = slow.bep("apply", "-y")
    assert "it had been made; taken into state" in said
    assert set(slow.entries()) == {"compute/cpu-cluster"}
    assert slow.service.log() == [["create", "compute/cpu-cluster"]]
    assert slow.bep("plan", "--detailed-exitcode").startswith("Nothing to do.")


def test_what_was_made_and_failed_is_never_taken_for_done(slow: Slow) -> None:
    (slow.folder / "specs.yml").write_text(SPECS.split("---")[0])
    (slow.folder / "fail").write_text("compute/cpu-cluster")
    assert "no capacity" in slow.bep("apply", "-y", expect=5)
    assert json.loads(slow.bep("show", "-o", "json"))[0]["status"] == "failed"
    assert "it was made and failed: no capacity" in slow.bep("plan", "--detailed-exitcode", expect=2)
    slow.bep("apply", "-y", "--allow", "delete-many")
    assert [verb for verb, _ in slow.service.log()] == ["create", "delete", "create"]
    assert slow.bep("plan", "--detailed-exitcode").startswith("Nothing to do.")
