"""`bep state` and `bep unlock`: the state mended by hand, in real processes, and nothing of it lost."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bep.providers.local.provider import LocalProvider
from bep.schemas.address import Address
from bep.schemas.mark import Mark
from bep.schemas.resource import Resource
from tests.bep.conftest import Workspace, surroundings


def test_what_is_dropped_stays_in_the_world_and_can_be_restored(applied: Workspace) -> None:
    assert "would be dropped" in applied.bep("state", "rm", "--dry-run", "traffic/letters").stdout
    assert applied.bep("state", "rm", "traffic/letters", "blue").stdout.splitlines() == [
        "traffic/letters: dropped",
        "deployment/letters/blue: dropped",
    ]
    kept = sorted(applied.entries())
    assert "traffic/letters" not in kept
    assert "deployment/letters/blue" not in kept
    refused = applied.bep("plan", expect=3).stdout
    assert refused.count(": it already exists") == 3  # the verdict names the first
    copies = json.loads(applied.bep("state", "restore", "--json").stdout)
    assert [copy["serial"] for copy in copies] == [2, 1, 0]
    replaced = json.loads(applied.bep("state", "restore", "1", "--json").stdout)["replaced"]
    assert [Path(path).is_file() for path in replaced] == [True]
    applied.bep("plan", "--detailed-exitcode")


def test_a_damaged_state_names_the_command_that_mends_it(applied: Workspace) -> None:
    state = applied.folder / ".bep/state.json"
    for damage in (b"", state.read_bytes()[:-9]):
        state.write_bytes(damage)
        fix = applied.bep("plan", expect=1).stderr.partition("fix: bep ")[2].split("   ")[0]
        applied.bep(*fix.split())
        applied.bep("plan", "--detailed-exitcode")


def test_a_state_is_pushed_only_onto_its_own_past(applied: Workspace) -> None:
    old = applied.folder / "old.json"
    old.write_text(applied.bep("state", "pull").stdout)
    applied.bep("state", "push", "old.json")
    applied.bep("state", "rm", "traffic/letters")
    refused = applied.bep("state", "push", "old.json", expect=4).stderr
    assert "serial: yours is 1, the one there is 2" in refused
    stranger = applied.folder / "stranger"
    stranger.mkdir()
    (stranger / "bep.yml").write_text("workspace: other\n")
    (stranger / "compute.yml").write_text("kind: compute\nname: one\ntype: amlcompute\n")
    Workspace(stranger).bep("apply", "-y")
    refused = Workspace(stranger).bep("state", "push", str(old), expect=4).stderr
    lineages = [json.loads(path.read_text())["lineage"] for path in (old, stranger / ".bep/state.json")]
    assert f"lineage: yours is {lineages[0]}, the one there is {lineages[1]}" in refused
    applied.bep("state", "push", "old.json", "--force")
    assert "traffic/letters" in applied.entries()
    old.write_text(old.read_text().replace("amlcompute", "amlcomputf"))
    assert "was edited" in applied.bep("state", "push", "old.json", expect=1).stderr


def test_an_entry_follows_a_renamed_object(applied: Workspace) -> None:
    key = json.loads((applied.folder / ".bep/state.json").read_text())["secret_key"]
    world = LocalProvider(applied.folder, secret_key=key, clock=lambda: "2026-01-01T00:00:00Z")
    renamed = Resource(Address("compute/big"), {"name": "big", "type": "amlcompute"}, Mark("x", 1, 1))
    world.create(renamed, operation="someone")
    world.close()
    missing = applied.bep("state", "mv", "compute/cpu-cluster", "compute/bigger", expect=1).stderr
    assert "there is no object compute/bigger" in missing
    applied.bep("state", "mv", "compute/cpu-cluster", "compute/big")
    listed = applied.bep("state", "list", "compute/").stdout
    assert listed.split() == ["compute/big"]


def test_no_hand_is_laid_on_a_state_that_an_apply_holds(applied: Workspace) -> None:
    program = (
        "import pathlib, time\n"
        "from bep.providers.state.locking import acquire\n"
        "with acquire(pathlib.Path('.bep/state.json'), operation='bep apply', since='2026-01-01T00:00:00Z'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=applied.folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        copy = applied.folder / "copy.json"
        copy.write_bytes((applied.folder / ".bep/state.json").read_bytes())
        for command in (("rm", "traffic/letters"), ("push", "copy.json", "--force")):
            assert "the state is locked: bep apply by" in applied.bep("state", *command, expect=4).stderr
        held = json.loads((applied.folder / ".bep/state.json.lock").read_text())
        assert "its owner is at work" in applied.bep("unlock", held["id"], expect=4).stderr
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        if holder.stdout:
            holder.stdout.close()
    applied.bep("state", "rm", "traffic/letters")


def test_a_lock_of_another_machine_is_taken_away_by_its_id(applied: Workspace) -> None:
    lock = applied.folder / ".bep/state.json.lock"
    owner = {"who": "someone", "host": "another-machine", "pid": 1, "started": ""}
    written = {"id": "abc123", "owner": owner, "since": "2026-01-01T00:00:00Z", "operation": "bep apply"}
    lock.write_text(json.dumps(written) + "\n")
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    refused = applied.bep("apply", "-y", expect=4).stderr
    assert "bep unlock abc123" in refused
    assert "the lock is abc123, not other" in applied.bep("unlock", "other", expect=4).stderr
    assert "another-machine" in applied.bep("unlock", "abc123").stdout
    applied.bep("apply", "-y")


def test_a_kill_while_the_state_is_changed_leaves_the_old_one_or_the_new_one(applied: Workspace) -> None:
    def entries() -> set[str]:
        return set(json.loads((applied.folder / ".bep/state.json").read_text())["entries"])

    everything = entries()
    for wait in (0.25, 0.3, 0.35, 0.4):
        before = entries()
        process = subprocess.Popen(
            [sys.executable, "-m", "bep", "state", "rm", "traffic/letters", "blue"],
            cwd=applied.folder,
            env=surroundings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait)
        process.kill()
        process.wait()
        assert entries() in (before, everything - {"traffic/letters", "deployment/letters/blue"})
    applied.bep("state", "list")


def test_without_a_state_nothing_is_made_up(workspace: Workspace) -> None:
    for command in (("rm", "x"), ("pull",)):
        assert "there is no state yet" in workspace.bep("state", *command, expect=1).stderr
    assert "There is no copy yet" in workspace.bep("state", "restore").stderr
    assert not (workspace.folder / ".bep").exists()


def test_a_broken_bep_yml_is_not_taken_for_one_that_keeps_state_elsewhere(applied: Workspace) -> None:
    (applied.folder / "bep.yml").write_text("workspace: letters\nstate: {fil: elsewhere.json}\n")
    for command in (("list",), ("restore", "0")):
        assert "fil" in applied.bep("state", *command, expect=3).stderr
    assert not list((applied.folder / ".bep").glob("*.replaced-*"))


def test_a_place_that_is_none_is_a_finding_and_no_other_state_is_read(workspace: Workspace) -> None:
    workspace.bep("apply", "-y")
    with (workspace.folder / "bep.yml").open("a") as stream:
        stream.write("state: {azure_blob: {account_url: u, container: c, blob: b}}\n")
    for command in (("validate",), ("plan",), ("state", "list"), ("destroy", "-y")):
        done = workspace.bep(*command, expect=3)
        assert "state.azure_blob.account_url cannot be" in done.stdout + done.stderr
        assert "deployment/letters/blue" not in done.stdout


def rewritten(workspace: Workspace, change: Callable[[dict[str, Any]], None]) -> None:
    """The state with something of it changed by a hand that knows how its digest is made."""
    path = workspace.folder / ".bep/state.json"
    state = json.loads(path.read_text())
    del state["digest"]
    change(state)
    body = json.dumps(state)[1:]
    digest = hashlib.sha256(("{" + body).encode()).hexdigest()
    path.write_text('{"digest":"sha256:' + digest + '",\n' + body)


def unknown_kind(state: dict[str, Any]) -> None:
    entry = state["entries"].pop("compute/cpu-cluster")
    state["entries"]["gone/x"] = {**entry, "address": "gone/x"}


def moved_to(address: str, *, and_says: bool) -> Callable[[dict[str, Any]], None]:
    def move(state: dict[str, Any]) -> None:
        entry = state["entries"].pop("compute/cpu-cluster")
        state["entries"][address] = {**entry, "address": address} if and_says else entry

    return move


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "key and entry": (
        moved_to("compute/other", and_says=False),
        "its entry 'compute/other' says that it is 'compute/cpu-cluster'",
    ),
    "no address": (moved_to("compute", and_says=True), "its entry 'compute' is of no resource"),
    "negative serial": (lambda state: state.update(serial=-5), "serial: Input should be greater than or equal to 0"),
    "absurd serial": (lambda state: state.update(serial=10**26), "serial: "),
    "serial of another type": (lambda state: state.update(serial=True), "serial: Input should be a valid integer"),
    "no entry": (lambda state: state["entries"].update({"compute/cpu-cluster": None}), "entries.compute/cpu-cluster"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_state_that_contradicts_itself_is_refused_by_name(applied: Workspace, case: str) -> None:
    change, said = REFUSED[case]
    rewritten(applied, change)
    for command in (["plan"], ["state", "list"]):
        refused = applied.bep(*command, expect=1).stderr
        assert f".bep/state.json: not read: {said}" in refused
        assert "fix: bep state restore" in refused


def test_an_entry_of_an_unknown_kind_is_named_and_can_be_forgotten(applied: Workspace) -> None:
    rewritten(applied, unknown_kind)
    for command in (["plan"], ["show"], ["apply", "-y"], ["destroy", "-y"]):
        refused = applied.bep(*command, expect=1).stderr
        assert "gone/x: this bep has no such kind" in refused
        assert "bep state rm gone/x" in refused
    assert "gone/x" in applied.bep("state", "list").stdout
    applied.bep("state", "rm", "gone/x")
    applied.bep("plan", expect=3)  # what the world has and the state has lost
    applied.bep("import", "--all")
    applied.bep("plan", "--detailed-exitcode")
