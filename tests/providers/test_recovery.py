import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from bep.planner.formats.journal import Intent
from bep.planner.plan import Action
from bep.providers.applying.recovery import recovered
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address
from tests.faults.child import Child, die_at
from tests.faults.killing import kill_at_every_step, kill_at_random
from tests.faults.scene import Scene, address, compute, now, wanted

STEPS = {
    "write journal",
    "sync journal",
    "truncate journal",
    "write state.json",
    "sync state.json",
    "rename state.json",
    "sync folder of state.json",
    "write 2.json",
    "sync 2.json",
    "rename 2.json",
    "sync folder of 2.json",
    "write state.json.plan",
    "sync state.json.plan",
    "rename state.json.plan",
    "sync folder of state.json.plan",
    *(f"{step} {file}" for file in ("PLAN.plan.json", "PLAN.about.json") for step in ("write", "sync", "rename")),
    *(f"sync folder of {file}" for file in ("PLAN.plan.json", "PLAN.about.json")),
    "before create",
    "after create",
    "before update",
    "after update",
    "before delete",
    "after delete",
}


def _copy(scene: Scene, folder: Path) -> Scene:
    shutil.copytree(scene.folder, folder)
    return Scene(folder, folder / ".bep" / "state.json")


def test_a_kill_at_every_step_of_an_apply_loses_nothing(tmp_path: Path) -> None:
    start = Scene.of(tmp_path / "start")
    start.attempt(wanted(0, 9))
    after = wanted(1, 9)
    made = Counter(start.made()) + Counter(start.makings(after))
    steps = kill_at_every_step(lambda name: _copy(start, tmp_path / name), after, made)
    assert {re.sub(r"\b1-[0-9a-f]{12}\b", "PLAN", step) for step in steps} == STEPS


def test_a_kill_at_every_step_of_the_very_first_apply_loses_nothing(tmp_path: Path) -> None:
    after = [compute(1, size="S"), compute(2, size="S", needs=(address(1),))]
    steps: list[str] = []
    Scene.of(tmp_path / "whole").attempt(after, at=steps.append, parallelism=1)
    assert steps[:2] == ["write state.json", "sync state.json"]
    for number, step in enumerate(steps):
        scene = Scene.of(tmp_path / f"{number}")
        at = die_at(number)
        assert Child(lambda ready: scene.attempt(after, at=at, parallelism=1)).ended() == -9, step  # noqa: B023
        scene.readable()
        scene.attempt(after)
        scene.settled(after)
        assert scene.made() == {address(1): 1, address(2): 1}, step


def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    tally = kill_at_random(tmp_path, runs=25, resources=40, seed=1)
    assert tally.kills >= 15
    assert tally.midway > 0


def _interrupt(scene: Scene, at_step: str, after: list[object]) -> None:
    """Kill at the first step of this name."""
    import os
    import signal

    def at(step: str) -> None:
        if step == at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = Child(lambda ready: scene.attempt(after, at=at, parallelism=1))  # type: ignore[arg-type]
    assert child.ended() == -9


@pytest.mark.parametrize(
    ("step", "size", "said"),
    [
        ("before create", "S", "while creating compute/c00001: it had not been made"),
        ("after create", "S", "while creating compute/c00001: it had been made; taken into state"),
        ("before update", "M", "while changing compute/c00001: it had not been changed"),
        ("after update", "M", "while changing compute/c00001: it had been made; taken into state"),
        ("before delete", "", "while deleting compute/c00001: it is still there"),
        ("after delete", "", "while deleting compute/c00001: it was gone; dropped from state"),
    ],
)
def test_what_was_begun_is_told_in_words(tmp_path: Path, step: str, size: str, said: str) -> None:
    scene = Scene.of(tmp_path)
    if "create" not in step:
        scene.attempt([compute(0, size="S"), compute(1, size="S", description="old")])
    after = [compute(0, size="S")]
    if size:
        after.append(compute(1, size="S", description=size))
    else:
        after = [compute(0, size="S")]
    if "create" in step:
        scene.attempt([compute(0, size="S")])
    _interrupt(scene, step, list(after))
    stored = scene.store().load()
    assert stored is not None
    (intent,) = stored.pending
    journal = scene.state_path.with_name("state.json.journal").read_bytes()
    _, (note,) = recovered(stored, scene.provider(), now)
    assert note == f"bep was interrupted at {intent.at} {said}"
    assert scene.state_path.with_name("state.json.journal").read_bytes() == journal
    scene.attempt(after)
    scene.settled(after)


def test_an_object_somebody_else_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    _interrupt(scene, "before create", [compute(1, size="S")])
    theirs = scene.provider().create(compute(1, size="theirs"), operation="theirs")
    stored = scene.store().load()
    assert stored is not None
    state, (note,) = recovered(stored, scene.provider(), now)
    assert note.endswith("someone else made or changed it since; it was left as it is, and the next plan shows it")
    assert state.entries == {}
    plan = scene.planned([compute(1, size="S")], state)
    assert [finding.code for finding in plan.blocking] == ["already-exists"]
    assert scene.provider().read([address(1)]) == {address(1): theirs}


def test_what_was_made_is_taken_into_state_even_if_its_plan_is_lost(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    after = [compute(1, size="S")]
    _interrupt(scene, "after create", list(after))
    scene.state_path.with_name("state.json.plan").write_text("")
    state = scene.readable()
    assert state is not None
    assert state.entries[address(1)].attributes == after[0].attributes
    scene.attempt(after)
    scene.settled(after)
    scene.attempt([])
    scene.settled([])


def test_a_world_that_cannot_be_read_leaves_the_intent_open(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    after = [compute(1, size="S")]
    _interrupt(scene, "after create", list(after))
    catalog = scene.folder / ".bep" / "cloud" / "catalog.sqlite"
    hidden = catalog.rename(catalog.with_name("hidden"))
    catalog.write_bytes(b"not a database, and long enough to look like one" * 100)
    with pytest.raises(ProviderError):
        scene.attempt(after)
    hidden.replace(catalog)
    stored = scene.store().load()
    assert stored is not None
    assert [intent.address for intent in stored.pending] == [address(1)]
    scene.attempt(after)
    scene.settled(after)
    assert scene.made() == {address(1): 1}


def test_an_intent_says_which_change_of_which_plan_it_is(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    _interrupt(scene, "before create", [compute(1, size="S")])
    stored = scene.store().load()
    assert stored is not None
    assert stored.plan is not None
    (intent,) = stored.pending
    assert (intent.change, intent.plan) == ("create compute/c00001", stored.plan.digest)
    assert isinstance(intent, Intent)
    assert intent.action is Action.CREATE
    assert intent.address == Address("compute/c00001")
