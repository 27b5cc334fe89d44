"""Which nodes get agents, and when it is said that there are too few."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bep.runner.cluster.places import Spot
from bep.runner.cluster.placing import Decision, Drop, Hopeless, Placement, Start, Tell, Wanted
from bep.runner.folder.record import JobError

ERROR = JobError(code="NoInterpreter", message="no Python here")


@dataclass
class World:
    """A placement that a test moves, on nodes that live or not. It holds what has to hold after every decision."""

    agents: int = 2
    nodes: tuple[str, ...] = ()
    start_timeout: float = 300.0
    now: float = 0.0
    there: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    said: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.placement = Placement(Wanted(self.agents, "aaaaaaaa", 20.0, self.start_timeout), 0.0)

    def look(self, *nodes: str, waits_for: str = "") -> list[Decision]:
        self.nodes = nodes
        self.placement.listed([Spot(node, node) for node in nodes], waits_for)
        return self.decide()

    def decide(self, passed: float = 0.0) -> list[Decision]:
        self.now += passed
        decided = self.placement.decide(self.now)
        for one in decided:
            if isinstance(one, Start):
                assert one.agent not in self.names, "no name is used twice"
                assert one.spot.id in self.nodes, "nothing is started on a node that is not listed"
                self.names.add(one.agent)
                self.there[one.agent] = one.spot.id
            elif isinstance(one, Drop):
                del self.there[one.agent]
        assert set(self.placement.agents) == set(self.there)
        assert len(self.there) <= self.agents
        assert max(Counter(self.there.values()).values(), default=0) <= 1, "at most one on a node"
        self.said += decided
        return decided

    def ready(self, agent: str) -> None:
        self.placement.placed(agent, self.now)
        self.placement.heard(agent, self.now)
        self.placement.is_ready(agent)

    def lose(self, agent: str, why: str = "killed") -> list[Decision]:
        del self.there[agent]
        self.placement.gone(agent, self.now, why)
        return self.decide()

    def break_(self, agent: str) -> list[Decision]:
        del self.there[agent]
        self.placement.broken(agent, ERROR, self.now)
        return self.decide()

    def until_started(self) -> float:
        """Seconds until the next agent is started."""
        began = self.now
        while not any(isinstance(one, Start) for one in self.decide(0.25)):
            assert self.now - began < 1000
        return self.now - began


def started(decided: list[Decision]) -> list[str]:
    return [one.spot.id for one in decided if isinstance(one, Start)]


def test_the_best_nodes_get_one_each_as_many_as_are_wanted() -> None:
    world = World()
    assert started(world.look("a", "b", "c")) == ["a", "b"]
    assert world.there == {"node1-aaaaaaaa": "a", "node2-aaaaaaaa": "b"}
    assert world.decide(10.0) == [], "c has to wait until one is lost"


def test_it_waits_while_nodes_are_not_listed() -> None:
    world = World()
    assert world.decide(10.0) == []
    assert started(world.look("a")) == ["a"]
    assert started(world.look("a", "b")) == ["b"]


def test_a_node_that_lost_its_agent_comes_after_those_that_did_not() -> None:
    world = World()
    world.look("a", "b", "c")
    for agent in list(world.there):
        world.ready(agent)
    assert started(world.lose("node1-aaaaaaaa")) == ["c"]


def test_pauses_grow_and_end_when_something_is_scored() -> None:
    world = World(agents=1)
    world.look("a")
    pauses = []
    for number in range(1, 8):
        agent = f"node{number}-aaaaaaaa"
        world.ready(agent)
        world.lose(agent)
        pauses.append(world.until_started())
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.5, 30.0)
    world.placement.settled("node8-aaaaaaaa")
    world.lose("node8-aaaaaaaa")
    assert world.until_started() == 0.5


def test_agents_are_not_started_for_ever_where_they_end() -> None:
    world = World(agents=1)
    world.look("a")
    while world.there:
        (agent,) = world.there
        world.lose(agent, "its interpreter crashed")
        for _ in range(40):
            world.decide(1.0)
    assert len(world.names) == 8
    (hopeless,) = {one.error.message for one in world.said if isinstance(one, Hopeless)}
    assert hopeless == (
        "on a 8 agents ended one after another before anything was scored; the last one: its interpreter crashed"
    )


def test_all_nodes_say_they_cannot() -> None:
    world = World()
    world.look("a", "b")
    for _ in range(2):
        for agent in list(world.there):
            world.break_(agent)
        assert not any(isinstance(one, Hopeless) for one in world.said[:-1])
        for _ in range(4):
            world.decide(1.0)
    assert world.said[-1] == Hopeless(ERROR)


def test_one_node_that_cannot_is_left_alone() -> None:
    world = World()
    world.look("a", "b")
    world.ready("node2-aaaaaaaa")
    for _ in range(2):
        world.break_(next(agent for agent, node in world.there.items() if node == "a"))
        for _ in range(10):
            world.decide(1.0)
    assert set(world.there.values()) == {"b"}
    assert not any(isinstance(one, Hopeless) for one in world.said)
    assert started(world.look("a", "b", "c")) == ["c"], "a node that comes later gets one"


def test_another_node_is_tried_where_an_agent_does_not_come() -> None:
    world = World(agents=1)
    world.look("a", "b")
    assert world.decide(29.0) == []
    drop, start = world.decide(1.0)
    assert drop == Drop("node1-aaaaaaaa", "a", "it did not come within 30 s")
    assert started([start]) == ["b"]


def test_where_there_is_no_other_node_it_waits_longer() -> None:
    world = World(agents=1, start_timeout=100.0)
    world.look("a")
    assert world.decide(99.0) == []
    assert [type(one) for one in world.decide(1.0)] == [Drop]
    assert world.until_started() <= 31.0


@pytest.mark.parametrize(
    ("heard", "passed", "why"),
    [
        ((), 300.0, "it was not ready within 300 s"),
        ((0.0,), 20.0, "nothing was heard of it for 20 s while it prepared"),
        (tuple(float(at) for at in range(0, 7201, 10)), 7200.0, "it was not ready within 7200 s"),
    ],
)
def test_who_prepares_has_to_answer(heard: tuple[float, ...], passed: float, why: str) -> None:
    world = World(agents=1)
    world.look("a")
    world.placement.placed("node1-aaaaaaaa", 0.0)
    for at in heard:
        world.placement.heard("node1-aaaaaaaa", at)
    world.now = passed - 0.5
    assert world.decide() == []
    assert world.decide(0.5)[:1] == [Drop("node1-aaaaaaaa", "a", why)]


def test_too_few_nodes_are_told_once_and_so_is_that_all_are_there() -> None:
    world = World(agents=3)
    world.look("a", "b", waits_for="2 nodes live")
    for agent in list(world.there):
        world.ready(agent)
    assert world.decide(29.0) == []
    assert world.decide(1.0) == [Tell("2 of 3 nodes are there: 2 nodes live")]
    assert world.decide(60.0) == []
    world.look("a", "b", "c")
    world.ready("node3-aaaaaaaa")
    assert world.decide() == [Tell("all 3 nodes are there now")]
    assert world.decide(60.0) == []


def test_nothing_is_told_of_too_few_before_one_is_ready() -> None:
    world = World(agents=3)
    world.look("a")
    assert world.decide(200.0) == [], "whether there is any at all is for the dispatcher to say"


@settings(deadline=None)
@given(st.data())
def test_whatever_happens_no_node_has_two_and_no_name_comes_twice(data: st.DataObject) -> None:
    world = World(agents=data.draw(st.integers(1, 4)))
    names = ["a", "b", "c", "d"]
    happens: dict[str, Callable[[str], object]]
    happens = {"ready": world.ready, "lose": world.lose, "break": world.break_, "settle": world.placement.settled}
    for _ in range(data.draw(st.integers(1, 40))):
        what = data.draw(st.sampled_from(["look", "pass", *happens]))
        if what == "look":
            world.look(*data.draw(st.lists(st.sampled_from(names), unique=True)))
        elif what == "pass":
            world.decide(data.draw(st.floats(0, 400)))
        elif world.there:
            happens[what](data.draw(st.sampled_from(sorted(world.there))))
    world.look(*names)
    if not any(isinstance(one, Hopeless) for one in world.said):
        for _ in range(400):
            world.decide(1.0)
            for agent in world.there:
                world.ready(agent)
                world.placement.settled(agent)
        usable = [place for place in world.placement._places.values() if not place.is_given_up]
        assert len(world.there) == min(world.agents, len(usable))
