"""What must hold of every history of worlds, with the real store, the real apply, and a world that fails at random."""

import tempfile
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Plan
from bep.planner.planning.planning import plan
from bep.planner.state import State
from bep.providers.applying.applying import apply
from bep.providers.applying.calling import Retry
from bep.providers.applying.recovery import recovered
from bep.providers.applying.report import Ended, Report
from bep.providers.protocol import ProviderError
from bep.providers.state.store import FileStore
from bep.schemas.address import Address
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import Resource
from tests.memory_world import Memory
from tests.worlds import KEY, kind_sets, worlds

ALLOWED = ("delete-active", "delete-many", "delete-with-jobs", "protected", "shift-unscored")
MOODS = st.lists(st.sampled_from(["works", "works", "works", "before", "after", "cut", "bug"]), max_size=20)
FEWER = settings(max_examples=settings().max_examples * 2 // 5)
"""Each example syncs real files some thirty times."""


class History:
    """A world that names what refers to what, and follows its moods, one a write."""

    def __init__(self, folder: str, kinds: Mapping[str, Kind]) -> None:
        self.world = Memory(KEY, before=self._before, after=self._after)
        self.kinds = {kind.name: kind for kind in kinds.values()}
        self.store = FileStore(Path(folder, "state.json"), clock=self.clock)
        self.moods: list[str] = []
        self._mood: dict[Address, str] = {}
        self._guard = threading.Lock()
        self._ticks = 0
        self.store.load_or_create(lambda: State(lineage="tests", secret_key=KEY))

    def clock(self) -> str:
        self._ticks += 1
        return f"{self._ticks:020}"

    def _before(self, verb: str, address: Address) -> None:
        with self._guard:
            mood = self.moods.pop(0) if self.moods else "works"
            self._mood[address] = mood
        self._whole(verb, address)
        if mood == "before":
            raise ProviderError(address, verb, "not now", code="Busy")

    def _whole(self, verb: str, address: Address) -> None:
        if verb == "delete":
            with self._guard:
                named = [name for name, found in self.world.objects.items() if address in _refers(found)]
            assert not named, f"{address} is deleted, but {named} refer to it"

    def _after(self, verb: str, address: Address) -> None:
        if self._mood[address] == "after":
            raise ProviderError(address, verb, "half done", code="Failed")
        if self._mood[address] == "cut":
            raise ProviderError(address, verb, "the line was cut", code="Timeout", retryable=True)
        if self._mood[address] == "bug":
            raise ZeroDivisionError("a bug in the provider")

    def state(self) -> State:
        stored = self.store.load()
        assert stored is not None
        return recovered(stored, self.world, self.clock)[0]

    def plan(self, wished: list[Resource]) -> Plan:
        return plan(wished, self.state(), dict(self.world.objects), self.kinds, Options(allow=ALLOWED))

    def apply(self, todo: Plan, wished: list[Resource]) -> Report:
        with self.store.begin() as session:
            return apply(
                todo,
                wished,
                session,
                self.world,
                report=lambda event: None,
                stop=threading.Event(),
                clock=self.clock,
                operation_ids=lambda: uuid.uuid4().hex,
                retry=Retry(attempts=1),
            )


def _refers(found: Observed) -> list[Address]:
    return [Address(name) for name in found.attributes.get("refers", ())]


@FEWER
@given(st.data())
def test_whatever_fails_the_next_apply_finishes_and_the_plan_after_it_is_empty(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    with tempfile.TemporaryDirectory() as folder:
        history = History(folder, kinds)
        for wished in data.draw(st.lists(worlds(kinds), min_size=1, max_size=4)):
            history.moods = data.draw(MOODS)
            todo = history.plan(wished)
            assert not todo.blocking
            report = history.apply(todo, wished)
            assert [result.change for result in report.results] == list(todo.changes)
            assert report.count(Ended.NOT_STARTED) == 0
            assert report.broken is None
            history.moods = []
            if rest := history.plan(wished):
                assert history.apply(rest, wished).ok
            assert not history.plan(wished)
            asked = {resource.address for resource in wished}
            assert set(history.world.objects) == asked == set(history.state().entries)


@FEWER
@given(st.data())
def test_an_apply_does_what_its_plan_says_and_nothing_else(data: st.DataObject) -> None:
    kinds = data.draw(kind_sets())
    with tempfile.TemporaryDirectory() as folder:
        history = History(folder, kinds)
        for wished in data.draw(st.lists(worlds(kinds), min_size=1, max_size=3)):
            todo = history.plan(wished)
            history.world.calls.clear()
            report = history.apply(todo, wished)
            assert report.ok
            assert sorted(name for _, name in history.world.calls) == sorted(change.address for change in todo.changes)
            for change in todo.changes:
                if change.after is not None:
                    assert history.world.objects[change.address].attributes == change.after
