"""A state is moved between places: never two of it, none lost, wherever the move is killed."""

import os
import shutil
import signal
import uuid
from pathlib import Path

import pytest

from bep.disk.durable import At, nowhere
from bep.planner.state import State
from bep.providers.state.errors import StateUnusable
from bep.providers.state.file_place import FilePlace
from bep.providers.state.migrating import MoveRefused, NothingToMove, migrate
from bep.providers.state.place import STATE, Place
from bep.providers.state.store import Store
from tests.faults.child import Child, die_at
from tests.faults.scene import Scene, compute, now, wanted


def _file(folder: Path, at: At = nowhere) -> Place:
    return FilePlace(folder / "state.json", at=at)


def _move(old: Place, new: Place) -> State:
    with old.acquire(operation="state migrate", since=now()), new.acquire(operation="state migrate", since=now()):
        return migrate(Store(old, clock=now), Store(new, clock=now))


def _applied(folder: Path) -> Scene:
    scene = Scene.of(folder, folder / "old" / "state.json")
    scene.attempt(wanted(0, 6))
    scene.attempt(wanted(1, 6))
    return scene


def _states(*places: Place) -> list[State | StateUnusable | None]:
    found: list[State | StateUnusable | None] = []
    for place in places:
        try:
            stored = Store(place, clock=now).load()
            found.append(stored.state if stored else None)
        except StateUnusable as unusable:
            found.append(unusable)
    return found


def test_a_moved_state_is_whole_and_the_old_place_says_where_it_went(tmp_path: Path) -> None:
    scene = _applied(tmp_path)
    before, plan = scene.readable(), scene.store().kept_plan()
    old, new = _file(tmp_path / "old"), _file(tmp_path / "new")
    assert _move(old, new) == before
    moved = Store(new, clock=now)
    assert moved.backups.serials() == [2, 1, 0]
    assert moved.kept_plan() == plan
    with pytest.raises(StateUnusable, match=f"(?s)the state was moved to {tmp_path}/new/state.json.*name that place"):
        Store(old, clock=now).load()
    assert _move(old, new) == before  # once more is nothing more
    Scene(tmp_path, tmp_path / "new" / "state.json").attempt(wanted(2, 6))
    _move(new, old)
    Scene(tmp_path, tmp_path / "old" / "state.json").settled(wanted(2, 6))
    with pytest.raises(StateUnusable, match="was moved to"):
        Store(new, clock=now).load()


def test_a_move_killed_anywhere_leaves_one_state_at_most_and_is_finished_by_another(tmp_path: Path) -> None:
    start = _applied(tmp_path / "start")
    before = start.readable()
    steps: list[str] = []
    shutil.copytree(start.folder, tmp_path / "whole")
    _move(_file(tmp_path / "whole" / "old", steps.append), _file(tmp_path / "whole" / "new", steps.append))
    assert {"link state.json", "rename state.json.moved", "rename state.json.moved-to"} <= set(steps)
    for number, step in enumerate(steps):
        folder = tmp_path / uuid.uuid4().hex
        shutil.copytree(start.folder, folder)
        old, new, at = folder / "old", folder / "new", die_at(number)
        child = Child(lambda ready: _move(_file(old, at), _file(new, at)))  # noqa: B023
        assert child.ended() == -9, step
        found = _states(_file(old), _file(new))
        assert sum(isinstance(state, State) for state in found) <= 1, step
        assert found[1] is not None or found[0] == before, step  # never neither without a word
        assert _move(_file(old), _file(new)) == before, step
        left, there = _states(_file(old), _file(new))
        assert there == before
        assert isinstance(left, StateUnusable), step
        assert Store(_file(new), clock=now).backups.serials() == [2, 1, 0], step


def test_what_would_lose_something_is_refused(tmp_path: Path) -> None:
    scene = _applied(tmp_path)
    old, new = _file(tmp_path / "old"), _file(tmp_path / "new")
    with pytest.raises(NothingToMove, match=f"there is no state at {tmp_path}/none/state.json"):
        _move(_file(tmp_path / "none"), new)
    other = Scene.of(tmp_path / "other", tmp_path / "new" / "state.json")
    other.attempt(wanted(0, 2))
    with pytest.raises(MoveRefused, match=f"(?s){tmp_path}/new/state.json: a state is there already.*choose a place"):
        _move(old, new)
    scene.settled(wanted(1, 6))
    other.settled(wanted(0, 2))
    assert new.version(STATE) is not None


def test_an_interrupted_apply_is_settled_before_its_state_is_moved(tmp_path: Path) -> None:
    scene = _applied(tmp_path)

    def die(step: str) -> None:
        if step.startswith("before "):
            os.kill(os.getpid(), signal.SIGKILL)

    scene.attempt(wanted(1, 6))
    changed = [compute(number, size="other") for number in range(3)]
    assert Child(lambda ready: scene.attempt(changed, at=die, parallelism=1)).ended() == -9
    stored = scene.store().load()
    assert stored is not None
    assert stored.pending
    with pytest.raises(MoveRefused, match="an apply was interrupted"):
        _move(_file(tmp_path / "old"), _file(tmp_path / "new"))
    assert _states(_file(tmp_path / "new")) == [None]
