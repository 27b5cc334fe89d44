import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from bep.providers.state.holder import NotThatLock, StateLocked
from bep.providers.state.locking import acquire, lock_path, running_apply, unlock
from bep.providers.state.owner import Owner, is_dead, started, this_process
from tests.faults.child import Child
from tests.faults.scene import Scene, wanted

SINCE = "2026-11-22T21:15:30Z"


def _holding(state: Path) -> Child:
    """A process that takes the lock, says so, and holds it until it is killed."""

    def hold(ready: object) -> None:
        with acquire(state, operation="bep apply", since=SINCE) as lock:
            lock.progress(3, 9)
            assert callable(ready)
            ready()
            time.sleep(600)

    child = Child(hold)
    assert child.wait_until_ready()
    return child


def test_a_second_apply_is_told_who_what_since_and_how_far(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    child = _holding(state)
    with pytest.raises(StateLocked) as refused:
        acquire(state, operation="bep apply", since=SINCE)
    child.kill()
    child.ended()
    who = this_process()
    assert str(refused.value) == (
        f"the state is locked: bep apply by {who.who} on {who.host} (process {child.pid}) since {SINCE}, "
        "3 of 9 changes done\n"
        "    fix: wait until it has finished (`lock timeout SECONDS` waits for it), then plan again"
    )
    assert refused.value.holder is not None
    assert refused.value.holder.owner.pid == child.pid


def test_a_plan_reads_whose_apply_runs_without_waiting(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 4))
    assert running_apply(scene.state_path) is None
    child = _holding(scene.state_path)
    running = running_apply(scene.state_path)
    assert running is not None
    assert (running.owner.pid, running.operation, running.done, running.total) == (child.pid, "bep apply", 3, 9)
    assert scene.readable() is not None
    child.kill()
    child.ended()
    assert running_apply(scene.state_path) is None


def test_the_lock_of_a_dead_process_is_taken_over_with_a_word(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    child = _holding(state)
    child.kill()
    child.ended()
    with acquire(state, operation="bep apply", since=SINCE) as lock:
        assert lock.note.startswith("took over the lock of a dead process: bep apply by ")
        assert f"(process {child.pid})" in lock.note
    with acquire(state, operation="bep apply", since=SINCE) as lock:
        assert lock.note == ""


def test_a_waiting_apply_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with acquire(state, operation="first", since=SINCE):

        def wait(ready: object) -> None:
            assert callable(ready)
            ready()
            acquire(state, operation="second", since=SINCE, timeout=60).release()

        child = Child(wait)
        assert child.wait_until_ready()
    assert child.ended() == 0


def _from_elsewhere(state: Path) -> None:
    holder = {
        "id": "abc123",
        "owner": {"who": "ci", "host": "another-host", "pid": 7, "started": "x"},
        "since": SINCE,
        "operation": "bep apply",
        "done": 0,
        "total": 0,
    }
    lock_path(state).write_text(json.dumps(holder))


def test_a_lock_of_another_host_is_kept_until_it_is_unlocked_by_name(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    _from_elsewhere(state)
    with pytest.raises(StateLocked, match=r"by ci on another-host \(process 7\)(.|\n)*`unlock abc123`"):
        acquire(state, operation="bep apply", since=SINCE)
    with pytest.raises(NotThatLock, match="the lock is abc123, not abc124"):
        unlock(state, "abc124")
    assert unlock(state, "abc123").owner.who == "ci"
    acquire(state, operation="bep apply", since=SINCE).release()


def test_the_lock_of_a_living_process_is_not_unlocked(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with acquire(state, operation="bep apply", since=SINCE) as lock:
        with pytest.raises(NotThatLock, match="its owner is at work"):
            unlock(state, lock.holder.id)
        assert running_apply(state) == lock.holder
    with pytest.raises(NotThatLock, match="nobody holds the lock"):
        unlock(state, lock.holder.id)


def test_a_lock_that_cannot_be_read_stands_for_nobody_once_the_system_gives_it(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    lock_path(state).write_text("{half a li")
    acquire(state, operation="bep apply", since=SINCE).release()
    assert running_apply(state) is None


def test_a_number_given_to_another_process_is_not_mistaken_for_its_owner() -> None:
    me = this_process()
    assert not is_dead(me)
    assert is_dead(Owner(me.who, me.host, me.pid, "another boot/1"))
    assert me.host == socket.gethostname()


def test_a_process_that_only_waits_to_be_reaped_is_dead() -> None:
    child = Child(lambda ready: None)
    while started(child.pid) != "gone":
        time.sleep(0.01)
    assert is_dead(Owner("", "", child.pid, "any/1"))
    child.ended()
    assert is_dead(Owner("", "", child.pid, "any/1"))


@pytest.mark.parametrize("count", [2, 10])
def test_applies_at_once_never_interleave(tmp_path: Path, count: int) -> None:
    """All want the same: one makes it, the others wait, find nothing to do, and none of them fails."""
    scene = Scene.of(tmp_path)
    after = wanted(0, 30)
    makings = scene.makings(after)
    crowd = [Child(lambda ready: scene.attempt(after, timeout=120)) for _ in range(count)]
    assert [child.ended() for child in crowd] == [0] * count
    scene.settled(after)
    assert scene.made() == dict.fromkeys(makings, 1)
    state = scene.readable()
    assert state is not None
    assert state.serial == 1


def test_applies_at_once_that_want_different_things_do_one_after_the_other(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    crowd = [Child(lambda ready, step=step: scene.attempt(wanted(step, 20), timeout=120)) for step in range(5)]  # type: ignore[misc]
    assert [child.ended() for child in crowd] == [0] * 5
    state = scene.readable()
    assert state is not None
    assert 1 <= state.serial <= 5
    wishes = [{resource.address: resource.attributes for resource in wanted(step, 20)} for step in range(5)]
    assert {address: entry.attributes for address, entry in state.entries.items()} in wishes


def test_a_killed_apply_frees_the_lock_at_once(tmp_path: Path) -> None:
    scene = Scene.of(tmp_path)
    scene.attempt(wanted(0, 4))

    def at(step: str) -> None:
        if step == "before create":
            os.kill(os.getpid(), signal.SIGKILL)

    child = Child(lambda ready: scene.attempt(wanted(1, 4), at=at))
    assert child.ended() == -9
    assert running_apply(scene.state_path) is None
    scene.attempt(wanted(1, 4))
    scene.settled(wanted(1, 4))
