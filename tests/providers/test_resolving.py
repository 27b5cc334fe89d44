"""What became of what an interrupted apply began, in a world that takes its time: by token, by look, or left open."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bep.planner.formats.journal import Intent
from bep.planner.observed import Condition, Observed
from bep.planner.plan import Action
from bep.planner.state import State
from bep.providers.applying.recovery import Recovery, recover, recovered, resolve
from bep.providers.applying.waiting import Unfinished
from bep.providers.protocol import Done, Forgotten, Pending, ProviderError
from bep.providers.state.store import FileStore
from bep.schemas.address import Address
from tests.faults.scene import KEY, now
from tests.memory_world import Memory
from tests.planner.scenes import Scene, compute

COMPUTE, OTHER = Address("compute/cpu-cluster"), Address("compute/another")
MADE = Observed(dict(compute().attributes), "etag-1", "operation-1")
STILL = replace(MADE, condition=Condition.PROGRESSING)
STATE = State(lineage="here", secret_key=KEY)


class Slow(Memory):
    """Answers a token with what it was given, the last answer again and again; notes what was looked at."""

    def __init__(self, *answers: Done | Pending | ProviderError, looks: Iterable[Observed] = ()) -> None:
        super().__init__(KEY)
        self.answers, self.looks = list(answers), list(looks)
        self.looked: list[list[Address]] = []

    def poll(self, token: str) -> Done | Pending:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        self.looked.append([*addresses])
        if self.looks:
            self.objects[COMPUTE] = self.looks.pop(0)
        return super().read(self.looked[-1])


def intent(number: int = 1, address: Address = COMPUTE, token: str = "token") -> Intent:
    return Intent(
        lineage="here", serial=0, operation=f"operation-{number}", address=address, action=Action.CREATE, token=token
    )


def resolved(world: Memory, *pending: Intent, state: State = STATE, patience: float = 0.0) -> Recovery:
    return resolve(state, pending, None, world, now, patience=patience)


def ends(found: Recovery) -> list[tuple[str, str, str]]:
    return [(each.address, each.status, each.entry.etag if each.entry else "") for each in found.outcomes]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock goes on by what is slept."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    yield
    monkeypatch.undo()


def test_what_is_through_by_its_token_is_done_and_not_looked_at() -> None:
    world = Slow(Done(MADE))
    found = resolved(world, intent())
    assert ends(found) == [(COMPUTE, "done", "etag-1")]
    assert (world.looked, found.unfinished) == ([], ())


def test_what_is_under_way_is_left_open_at_once_where_nobody_waits() -> None:
    found = resolved(Slow(Pending("token")), intent())
    assert (found.outcomes, [end.code for end in found.unfinished]) == ((), ["Unfinished"])
    assert found.notes[0].endswith(
        "while creating compute/cpu-cluster: it is still being worked on; the next apply goes on with it"
    )


def test_what_is_under_way_is_waited_for_as_long_as_asked() -> None:
    answers: list[Done | Pending] = [*[Pending("token", 10.0)] * 3, Done(MADE)]
    assert ends(resolved(Slow(*answers), intent(), patience=31.0)) == [(COMPUTE, "done", "etag-1")]
    assert [end.address for end in resolved(Slow(*answers), intent(), patience=29.0).unfinished] == [COMPUTE]


def test_what_the_world_has_forgotten_is_looked_at() -> None:
    world = Slow(Forgotten(COMPUTE, "poll", "no such operation"), looks=[MADE])
    assert ends(resolved(world, intent())) == [(COMPUTE, "done", "etag-1")]
    assert world.looked == [[COMPUTE]]


def test_only_what_has_no_token_is_looked_at_all_in_one_order() -> None:
    world = Slow(Done(MADE))
    names = [Address(f"compute/{letter}") for letter in "fdbeca"]
    found = resolved(world, intent(), *(intent(n, name, token="") for n, name in enumerate(names, 2)))
    assert world.looked == [sorted(names)]
    assert ends(found) == [(COMPUTE, "done", "etag-1"), *((name, "failed", "") for name in names)]


def test_an_object_that_the_world_is_still_at_work_on_is_waited_for_as_long_as_asked() -> None:
    found = resolved(Slow(looks=[STILL, STILL, MADE]), intent(token=""), patience=3.0)
    assert ends(found) == [(COMPUTE, "done", "etag-1")]
    left = resolved(Slow(looks=[STILL]), intent(token=""))
    assert (left.outcomes, [end.address for end in left.unfinished]) == ((), [COMPUTE])


def test_an_object_that_somebody_else_is_making_is_not_waited_for() -> None:
    found = resolved(Slow(looks=[replace(STILL, operation="theirs")]), intent(token=""))
    assert ends(found) == [(COMPUTE, "failed", "")]
    assert "someone else made or changed it since" in found.notes[0]


def test_what_else_the_operation_changed_is_known_by_its_new_version_where_state_has_it() -> None:
    other = compute(name="another")
    scene = Scene().applied({OTHER: replace(other, address=OTHER)})
    touched = {OTHER: Observed(dict(other.attributes), "etag-9"), Address("compute/unknown"): MADE}
    found = resolved(Slow(Done(MADE, touched)), intent(), state=scene.state)
    assert ends(found) == [(OTHER, "done", "etag-9"), (COMPUTE, "done", "etag-1")]


@pytest.mark.parametrize(("why", "told"), [("no quota is left", "no quota is left"), ("", "nothing says why")])
def test_what_was_made_and_failed_is_in_state_without_a_version(why: str, told: str) -> None:
    failed = replace(MADE, condition=Condition.FAILED, why=why)
    found = resolved(Slow(looks=[failed]), intent(token=""))
    assert ends(found) == [(COMPUTE, "done", "")]
    assert found.outcomes[0].entry is not None
    assert found.notes[0].endswith(f"it was made and failed ({told}); the next plan replaces it")


def test_what_failed_to_change_stays_as_state_has_it() -> None:
    scene = Scene().applied({COMPUTE: compute()})
    failed = replace(MADE, condition=Condition.FAILED, why="no quota is left")
    found = resolved(Slow(looks=[failed]), intent(token=""), state=scene.state)
    assert [(each.status, each.entry) for each in found.outcomes] == [("failed", None)]
    assert found.notes[0].endswith("it failed (no quota is left); the next plan shows it")


def test_what_is_not_there_was_not_made_and_what_was_to_go_is_gone() -> None:
    going = intent(token="").model_copy(update={"action": Action.DELETE})
    assert ends(resolved(Slow(), intent(token=""))) == [(COMPUTE, "failed", "")]
    found = resolved(Slow(), going)
    assert [(each.status, each.entry) for each in found.outcomes] == [("done", None)]
    assert found.notes[0].endswith("while deleting compute/cpu-cluster: it was gone; dropped from state")


def test_what_was_not_done_says_why_in_its_outcome_as_well() -> None:
    [left] = resolved(Slow(), intent(token="")).outcomes
    assert (left.status, left.error) == ("failed", "it had not been made")
    [done] = resolved(Slow(Done(MADE)), intent()).outcomes
    assert (done.status, done.error) == ("done", "")


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (True, "it is still there"),
        (False, "it is still there, changed by someone else since; it was left as it is"),
    ],
)
def test_what_was_to_go_and_is_there_stays_in_state_as_it_was(known: bool, why: str) -> None:
    """Whether or not it is the version that state has; of an object that state does not have, nothing is known."""
    entries = Scene().applied({COMPUTE: compute()}).state.entries
    same = replace(MADE, etag=entries[COMPUTE].etag)
    going = intent(token="").model_copy(update={"action": Action.DELETE})
    states = [STATE.model_copy(update={"entries": entries})] if known else [STATE.model_copy(), STATE]
    looks = [same] if known else [same, MADE]
    for state, there in zip(states, looks, strict=True):
        [left] = resolved(Slow(looks=[there]), going, state=state).outcomes
        assert (left.status, left.entry, left.error) == ("failed", None, why)


DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "changing",
    Action.DELETE: "deleting",
    Action.SHIFT: "moving the traffic of",
    Action.ADOPT: "adopting",
    Action.FORGET: "forgetting",
    Action.RETAIN: "retaining",
}


@pytest.mark.parametrize("action", [*Action], ids=str)
def test_what_was_being_done_is_told(action: Action) -> None:
    begun = intent(token="").model_copy(update={"action": action, "at": "noon"})
    [note] = resolved(Slow(), begun).notes
    assert note.startswith(f"bep was interrupted at noon while {DOING[action]} compute/cpu-cluster: it ")


def test_what_was_made_is_in_state_as_the_kept_plan_wanted_it(tmp_path: Path) -> None:
    """And not as the world spells it, or the next plan would find a difference that nobody made."""
    store = FileStore(tmp_path / "state.json", clock=now)
    store.load_or_create(lambda: STATE)
    plan = Scene(STATE).plan({COMPUTE: compute()})
    begun = intent(token="").model_copy(update={"plan": plan.digest, "change": plan.changes[0].id})
    there = replace(MADE, attributes={**MADE.attributes, "size": "standard_ds3_v2"})
    with store.begin() as session:
        session.remember(plan)
        session.write((begun,))
        recover(session, Slow(looks=[there]), now)
        assert session.state.entries[COMPUTE].attributes == compute().attributes
        assert session.state.entries[COMPUTE].observed == there.attributes


def test_a_plan_waits_only_where_it_is_asked_to_and_an_apply_for_half_an_hour(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state.json", clock=now)
    store.load_or_create(lambda: STATE)
    with store.begin() as session:
        session.write((intent(),))
    stored = store.load()
    assert stored is not None
    state, notes = recovered(stored, Slow(Pending("token")), now)
    assert (state.entries, len(notes)) == ({}, 1)
    assert set(recovered(stored, Slow(Done(MADE)), now, patience=1.0)[0].entries) == {COMPUTE}
    with pytest.raises(Unfinished):
        recovered(stored, Slow(Pending("token")), now, patience=1.0)
    with store.begin() as session, pytest.raises(Unfinished):
        recover(session, Slow(Pending("token", 60.0)), now)
    with store.begin() as session:
        answers: list[Done | Pending] = [*[Pending("token", 60.0)] * 28, Done(MADE)]
        assert len(recover(session, Slow(*answers), now)) == 1
    stored = store.load()
    assert stored is not None
    assert set(stored.state.entries) == {COMPUTE}
