"""The driver's decisions: what holds whatever nodes do, and what is given to whom."""

import random
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bep.runner.cluster.batches import Batches, common, joined, total, without
from bep.runner.cluster.dispatching import Dispatcher, Rules
from bep.runner.cluster.messages import (
    Broken,
    Command,
    Count,
    End,
    Event,
    Give,
    GiveUp,
    Heard,
    Kill,
    Lost,
    Piece,
    Ready,
    Returned,
    Revoke,
    Settled,
    Tick,
)
from bep.runner.cluster.nodes import OUTSTANDING
from bep.runner.folder.record import JobError


@dataclass
class Cluster:
    """A driver and nodes that a test moves. It holds what has to hold after every event."""

    batches: int
    rules: Rules = field(default_factory=Rules)
    now: float = 0.0
    workers: dict[str, int] = field(default_factory=dict)
    open: dict[str, dict[int, tuple[Batches, ...]]] = field(default_factory=dict)
    revoked: list[tuple[str, int]] = field(default_factory=list)
    hungry: set[str] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    last_key: dict[str, int] = field(default_factory=dict)
    settled: Counter[int] = field(default_factory=Counter)
    given_up: list[GiveUp] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    ending: End | None = None

    def __post_init__(self) -> None:
        self.driver = Dispatcher([Batches(0, self.batches)], self.rules, 0.0, lambda batch: 1)

    def hear(self, event: Event, passed: float = 0.01) -> list[Command]:
        """Tell the driver, and note what it says."""
        self.now += passed
        commands = self.driver.handle(event, self.now)
        for command in commands:
            self._note(command)
        self._must_hold()
        return commands

    def _note(self, command: Command) -> None:
        assert self.ending is None
        if isinstance(command, Give):
            self._note_gift(command)
        elif isinstance(command, Revoke):
            assert command.key in self.open[command.node]
            assert (command.node, command.key) not in self.revoked
            self.revoked.append((command.node, command.key))
        elif isinstance(command, Count):
            for piece in command.pieces:
                self.settled.update(range(piece.batches.first, piece.batches.end))
        elif isinstance(command, GiveUp):
            self.given_up.append(command)
        elif isinstance(command, Kill):
            self.killed.append(command.node)
            self.forget(command.node)
        else:
            self.ending = command

    def _note_gift(self, command: Give) -> None:
        assert command.node in self.workers
        assert command.key not in self.open[command.node]
        self.open[command.node][command.key] = command.batches
        room = OUTSTANDING + (self.workers[command.node] if command.node in self.hungry else 0)
        assert len(self.open[command.node]) <= room
        if command.node in self.hungry or len(self.open[command.node]) == 1:
            self.begun.add(command.key)
        self.hungry.discard(command.node)
        self.last_key[command.node] = command.key

    def _must_hold(self) -> None:
        """Every mini-batch is in one place: nobody has it, one node has it, it has settled, or it was given up."""
        granted = [one for grants in self.open.values() for ranges in grants.values() for one in ranges]
        assert total(granted) == total(joined(granted)), "two nodes have it"
        done = [Batches(batch, batch + 1) for batch in self.settled]
        done += [Batches(one.batch, one.batch + 1) for one in self.given_up]
        assert total(done) == total(joined(done)), "settled and given up"
        assert max(self.settled.values(), default=1) == 1
        assert not common(granted, done)
        if self.ending is None:
            assert self.driver.pending.waiting + total(granted) + total(done) == self.batches
            self._nobody_waits()
        elif self.ending.error is None:
            assert total(done) == self.batches

    def _nobody_waits(self) -> None:
        """Where a node has nothing, nobody has anything to give, nor anything that it has surely not begun."""
        empty = [name for name, grants in self.open.items() if not grants]
        if empty:
            assert not self.driver.pending.waiting
            asked = {key for _, key in self.revoked if any(key in grants for grants in self.open.values())}
            for grants in self.open.values():
                waiting = [key for key in list(grants)[1:] if key not in self.begun]
                assert len(asked) >= len(empty) or asked.issuperset(waiting)

    def forget(self, node: str) -> None:
        """It is gone."""
        self.open.pop(node, None)
        self.workers.pop(node, None)

    def ready(self, node: str, workers: int = 1) -> list[Command]:
        """A node comes."""
        self.workers.setdefault(node, workers)
        self.open.setdefault(node, {})
        return self.hear(Ready(node, workers))

    def lose(self, node: str, is_blamed: bool = True) -> list[Command]:
        """A node goes."""
        self.forget(node)
        return self.hear(Lost(node, "killed", is_blamed))

    def settle(self, node: str, key: int, returned: tuple[Batches, ...] = (), passed: float = 0.01) -> list[Command]:
        """A grant is done but for what is returned."""
        done = without(self.open[node].pop(key), returned)
        self.begun.update(list(self.open[node])[:1])
        return self.hear(answer(node, key, done, returned), passed)


def answer(node: str, key: int, done: tuple[Batches, ...], returned: tuple[Batches, ...] = ()) -> Settled:
    """What a node says of a grant."""
    return Settled(node, key, tuple(Piece(one, one.size, 0, f"{one.first}.{node}.{key}") for one in done), returned)


def gives(commands: list[Command]) -> list[tuple[str, tuple[Batches, ...]]]:
    """To whom what was given."""
    return [(one.node, one.batches) for one in commands if isinstance(one, Give)]


class Chance:
    """What happens next, by chance. `killers` take down every node that has them, when it is their turn."""

    def __init__(self, seed: int, batches: int, nodes: int, killers: int, losses: int) -> None:
        self.random = random.Random(seed)
        self.cluster = Cluster(batches, Rules(max_retries=self.random.randint(0, 3)))
        self.killers = set(self.random.sample(range(batches), min(killers, batches)))
        self.losses = losses
        self.names = 0
        self.old: list[Event] = []
        for _ in range(nodes):
            self.come()

    def come(self) -> None:
        """Another node."""
        self.names += 1
        self.cluster.ready(f"n{self.names}", self.random.randint(1, 3))

    def step(self) -> None:
        """One thing happens."""
        cluster = self.cluster
        what = self.random.random()
        if self.random.random() < 0.05:
            self.pass_time()
        if not cluster.open:
            self.come()
            return
        name = self.random.choice(list(cluster.open))
        if what < 0.08 and self.losses:
            self.go(name)
        elif what < 0.15 and len(cluster.open) < 6:
            self.come()
        elif what < 0.25 and self.old:
            cluster.hear(self.random.choice(self.old))  # of a node that was lost, or said before
        elif what < 0.3:
            self.hunger(name)
        elif cluster.open[name]:
            self.work(name)

    def pass_time(self) -> None:
        """A second passes, and everybody is heard of."""
        self.cluster.hear(Tick(), 1.0)
        for name in list(self.cluster.open):
            self.cluster.hear(Heard(name))

    def go(self, name: str) -> None:
        """A node goes, and what it had done arrives afterwards."""
        self.losses -= 1
        self.old += [answer(name, key, ranges) for key, ranges in self.cluster.open[name].items()]
        if self.random.random() < 0.1:
            self.cluster.forget(name)
            self.cluster.hear(Broken(name, JobError(code="Disk", message="no room")))
        else:
            self.cluster.lose(name, self.random.random() < 0.7)

    def hunger(self, name: str) -> None:
        """A node has a worker with nothing to do."""
        cluster = self.cluster
        if cluster.open[name]:
            cluster.hungry.add(name)
            cluster.begun.update(cluster.open[name])
            cluster.hear(Heard(name, cluster.last_key[name]))

    def work(self, name: str) -> None:
        """A node does something with a grant: dies of it, settles it, in part where it was revoked, or forgets some."""
        cluster = self.cluster
        key = self.random.choice(list(cluster.open[name]))
        ranges = cluster.open[name][key]
        numbers = [batch for one in ranges for batch in range(one.first, one.end)]
        if self.killers.intersection(numbers):
            cluster.lose(name)
            return
        if (name, key) in cluster.revoked and self.random.random() < 0.7:
            cut = self.random.randint(0, len(numbers))
            returned = joined(Batches(batch, batch + 1) for batch in numbers[cut:])
            if self.random.random() < 0.5 and cut:
                cluster.open[name][key] = without(ranges, returned)
                cluster.hear(Returned(name, key, returned))
            else:
                cluster.settle(name, key, returned)
        else:
            event = answer(name, key, ranges)
            self.old.append(event)
            cluster.settle(name, key, passed=self.random.random())


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    batches=st.integers(1, 300),
    nodes=st.integers(1, 5),
    killers=st.integers(0, 4),
    losses=st.integers(0, 8),
)
def test_every_mini_batch_is_settled_once_or_given_up_once(
    seed: int, batches: int, nodes: int, killers: int, losses: int
) -> None:
    chance = Chance(seed, batches, nodes, killers, losses)
    cluster = chance.cluster
    for _ in range(20_000):
        if cluster.ending:
            break
        chance.step()
    assert cluster.ending == End(None)
    given_up = {one.batch for one in cluster.given_up}
    assert given_up >= chance.killers
    assert given_up == chance.killers or losses > cluster.rules.max_retries
    assert all(one.losses == cluster.rules.max_retries + 1 for one in cluster.given_up)
    assert set(cluster.settled) == set(range(batches)) - given_up
    progress = cluster.driver.progress
    assert (progress.settled, progress.given_up) == (batches - len(given_up), len(given_up))
    assert cluster.hear(Tick(), 1000.0) == cluster.ready("late") == []


def test_first_one_call_a_worker_then_by_time_and_the_last_ones_are_small() -> None:
    cluster = Cluster(10_000)
    assert gives(cluster.ready("a", 4)) == [("a", (Batches(0, 4),)), ("a", (Batches(4, 8),))]
    sizes = []
    while cluster.ending is None:
        key, ranges = next(iter(cluster.open["a"].items()))
        sizes.append(total(ranges))
        cluster.settle("a", key, passed=0.01 * sizes[-1])
    assert sizes[:2] == [4, 4]
    assert max(sizes) <= 101
    assert sizes.count(100) + sizes.count(101) > 80, "a second of a pace of 10 ms"
    assert sizes[-1] <= 2 <= min(sizes[:-1]), "the last ones are small, and worth what a grant costs: 20 ms"


def test_a_grant_is_no_more_than_eight_times_the_one_before() -> None:
    cluster = Cluster(10_000_000)
    for number in range(400):
        cluster.driver.handle(Ready(f"n{number}", 1), 0.0)
    cluster.workers["n0"], cluster.open["n0"] = 1, {1: (Batches(0, 1),), 2: (Batches(1, 2),)}
    given = cluster.driver.handle(answer("n0", 1, (Batches(0, 1),)), 0.001)
    assert [one.batches for one in given if isinstance(one, Give)] == [(Batches(800, 808),)], "eight times at most"
    assert cluster.driver.nodes.get("n1")


def test_a_grant_lost_twice_is_split_and_each_piece_is_alone_on_its_node() -> None:
    cluster = Cluster(160, Rules(max_retries=1))
    cluster.ready("a", 40)
    assert cluster.open["a"] == {1: (Batches(0, 40),), 2: (Batches(40, 80),)}
    cluster.lose("a")
    cluster.ready("b", 40)
    assert cluster.open["b"] == {3: (Batches(0, 40),), 4: (Batches(40, 80),)}, "as it was"
    cluster.lose("b")
    assert len(cluster.driver.pending.suspects) == 32
    cluster.ready("c", 40)
    assert [ranges for ranges in cluster.open["c"].values()] == [(Batches(0, 2),)], "and nothing else"
    cluster.lose("c")
    cluster.ready("d", 40)
    assert [ranges for ranges in cluster.open["d"].values()] == [(Batches(0, 1),)]
    cluster.lose("d")
    cluster.ready("e", 40)
    assert [ranges for ranges in cluster.open["e"].values()] == [(Batches(0, 1),)]
    assert cluster.lose("e") == [GiveUp(0, 2, "killed")]
    cluster.ready("f", 40)
    while cluster.ending is None:
        cluster.settle("f", next(iter(cluster.open["f"])))
    assert cluster.ending == End(None)
    assert set(cluster.settled) == set(range(1, 160))


def test_what_was_not_lost_by_its_work_is_not_suspected() -> None:
    cluster = Cluster(10)
    for number in range(30):
        cluster.ready(f"n{number}")
        cluster.lose(f"n{number}", is_blamed=False)
    assert not cluster.driver.pending.suspects
    assert cluster.driver.pending.waiting == 10
    assert cluster.ending is None


def test_an_idle_node_gets_what_another_has_not_begun() -> None:
    cluster = Cluster(8)
    cluster.ready("slow", 2)
    assert cluster.open["slow"] == {1: (Batches(0, 2),), 2: (Batches(2, 4),)}
    cluster.ready("fast", 2)
    while cluster.open["fast"] and not cluster.revoked:
        cluster.settle("fast", next(iter(cluster.open["fast"])), passed=0.1)
    assert cluster.revoked == [("slow", 2)]
    cluster.settle("slow", 2, (Batches(2, 4),))
    assert cluster.open["fast"] == {7: (Batches(2, 3),)}
    assert cluster.open["slow"] == {1: (Batches(0, 2),), 8: (Batches(3, 4),)}


def test_what_a_busy_node_gives_back_early_is_begun_by_others_at_once() -> None:
    cluster = Cluster(30)
    cluster.ready("a", 1)
    cluster.settle("a", 1, passed=0.01)
    cluster.settle("a", 2, passed=0.01)
    (key, ranges), *_ = cluster.open["a"].items()
    assert total(ranges) > 1
    cluster.ready("b", 1)
    while not cluster.revoked or ("a", key) not in cluster.revoked:
        own = next(iter(cluster.open["b"]), None)
        if own is not None:
            cluster.settle("b", own)
        elif cluster.revoked[-1][1] != key:
            other = cluster.revoked[-1][1]
            cluster.settle("a", other, cluster.open["a"][other])
    returned = without(ranges, [Batches(ranges[0].first, ranges[0].first + 1)])
    cluster.open["a"][key] = (Batches(ranges[0].first, ranges[0].first + 1),)
    cluster.hear(Returned("a", key, returned))
    assert cluster.open["b"], "while the first of them is still going on"


def test_a_node_whose_grants_wait_for_slow_ones_gets_one_more_for_each_idle_worker() -> None:
    cluster = Cluster(100)
    cluster.ready("a", 2)
    for held in (3, 4):
        cluster.hungry.add("a")
        cluster.hear(Heard("a", cluster.last_key["a"]))
        assert len(cluster.open["a"]) == held
    cluster.hungry.add("a")
    assert gives(cluster.hear(Heard("a", cluster.last_key["a"]))) == [], "two and one for each of two workers"


def test_hunger_of_before_a_grant_arrived_means_nothing() -> None:
    cluster = Cluster(100)
    cluster.ready("a", 2)
    assert cluster.hear(Heard("a", 1)) == []


def test_a_silent_node_is_given_up_after_its_time_and_what_it_says_late_does_not_count() -> None:
    cluster = Cluster(4, Rules(node_timeout=20))
    cluster.ready("a")
    late = answer("a", 1, cluster.open["a"][1])
    for second in range(19):
        assert cluster.hear(Tick(), 1.0) == [], second
    cluster.hear(Tick(), 1.5)
    assert cluster.killed == ["a"]
    assert cluster.hear(late) == cluster.hear(Ready("a", 1)) == cluster.hear(Lost("a", "killed")) == []
    assert not cluster.settled
    assert cluster.driver.progress.nodes_lost == 1


def test_time_in_which_the_driver_itself_was_stopped_is_nobodys_silence() -> None:
    cluster = Cluster(4, Rules(node_timeout=20, start_timeout=60))
    cluster.ready("a")
    assert cluster.hear(Tick(), 3600.0) == []
    assert cluster.hear(Heard("a"), 0.1) == []
    assert not cluster.killed


def test_the_last_grants_of_a_silent_node_are_not_waited_for_as_long() -> None:
    cluster = Cluster(2, Rules(node_timeout=20))
    cluster.ready("a")
    cluster.ready("b")
    cluster.settle("a", 2, (Batches(1, 2),))
    cluster.settle("b", next(iter(cluster.open["b"])))
    for _ in range(6):
        cluster.hear(Heard("b"), 0.5)
        cluster.hear(Tick(), 0.5)
    assert cluster.killed == ["a"]
    assert cluster.open["b"]


def test_too_many_failed_items_stop_the_job() -> None:
    cluster = Cluster(10, Rules(error_threshold=1))
    cluster.ready("a")
    ranges = cluster.open["a"].pop(1)
    cluster.hear(Settled("a", 1, (Piece(ranges[0], 0, 2, "x"),)))
    assert cluster.ending
    assert cluster.ending.error
    assert cluster.ending.error.code == "ErrorThreshold"


def test_items_of_a_mini_batch_that_was_given_up_have_failed() -> None:
    cluster = Cluster(1, Rules(error_threshold=0, max_retries=0))
    cluster.ready("a")
    cluster.lose("a")
    assert cluster.given_up
    assert cluster.ending
    assert cluster.ending.error
    assert cluster.ending.error.code == "ErrorThreshold"


def test_without_any_node_the_job_stops_and_says_why() -> None:
    cluster = Cluster(10, Rules(start_timeout=30))
    for _ in range(29):
        assert cluster.hear(Tick(), 1.0) == []
    cluster.hear(Tick(), 1.0)
    assert cluster.ending
    assert cluster.ending.error
    assert cluster.ending.error.message == "no node of the cluster was ready within 30 s"


def test_when_all_are_lost_and_none_comes_the_job_stops_and_says_what_befell_the_last() -> None:
    cluster = Cluster(10, Rules(start_timeout=30))
    cluster.ready("a")
    for _ in range(50):
        cluster.hear(Heard("a"), 1.0)
    cluster.lose("a")
    for _ in range(31):
        cluster.hear(Tick(), 1.0)
    assert cluster.ending
    assert cluster.ending.error
    assert cluster.ending.error.code == "NoNode"
    assert "was lost for: killed" in cluster.ending.error.message


def test_nodes_that_die_one_after_another_and_score_nothing_stop_the_job() -> None:
    cluster = Cluster(10)
    for number in range(100):
        if not cluster.ending:
            cluster.hear(Lost(f"n{number}", "its agent ended with code 1"))
    assert cluster.ending
    assert cluster.ending.error
    assert cluster.ending.error.code == "NodesLost"
    assert "14 nodes were lost in a row" in cluster.ending.error.message


def test_what_befalls_every_node_stops_the_job_at_once() -> None:
    cluster = Cluster(10)
    error = JobError(code="ScriptFailed", message="init() raised")
    cluster.ready("a")
    cluster.forget("a")
    assert cluster.hear(Broken("a", error, everywhere=True)) == [End(error)]


def test_a_script_that_one_node_cannot_prepare_and_another_could_costs_that_node_alone() -> None:
    """A node whose GPU is broken does not end what the others do; what is wrong with the job itself does."""
    cluster = Cluster(10)
    error = JobError(code="InitFailed", message="no GPU")
    cluster.ready("a")
    key, ranges = next(iter(cluster.open["a"].items()))
    del cluster.open["a"][key]
    cluster.hear(answer("a", key, ranges))
    cluster.ready("b")
    cluster.forget("b")
    cluster.hear(Broken("b", error, everywhere=True))
    cluster.hear(Broken("c", error, everywhere=True))
    assert not cluster.ending
    damaged = JobError(code="PreparedInvalid", message="its content is damaged")
    assert cluster.hear(Broken("d", damaged, everywhere=True)) == [End(damaged)]


def test_what_a_node_does_not_account_for_is_given_again_and_at_last_given_up() -> None:
    cluster = Cluster(3, Rules(max_retries=1))
    cluster.ready("a")
    for _ in range(20):
        if cluster.ending:
            break
        key, ranges = next(iter(cluster.open["a"].items()))
        del cluster.open["a"][key]
        done = without(ranges, [Batches(1, 2)])
        cluster.hear(answer("a", key, (*done, Batches(50, 60))))  # forgets one, and tells of some that it never had
    assert cluster.ending == End(None)
    assert [one.batch for one in cluster.given_up] == [1]
    assert set(cluster.settled) == {0, 2}


def test_nothing_to_do_is_the_end_at_once() -> None:
    assert Cluster(0).hear(Tick()) == [End(None)]
