"""How the driver of a cluster decides, in virtual time: `python -m tests.benchmarks.simulating --nodes 10 100 1000`.

The decisions are those of `bep.runner.cluster`; nodes, workers, mini-batches, failures and the network are simulated.
`--skew 100` makes one mini-batch in a hundred take a hundred times as long as the others, `--sorted` puts these at the
end. `--failures 0.2` loses so large a part of the nodes during the job: half of them at once, half by a cut link, and
then they go on for nobody; another node is ready ten seconds after. `--killers 1` mini-batches end every node that
begins them.

Prints one line of JSON for each number of nodes:

- `makespan_s`, and `to_ideal`: that to the time in which the workers that were there could have done the work, had none
  of them ever waited and nothing been lost; `to_one_list`: that to the time it takes where every worker takes the next
  of one list at once, and no node is lost;
- `grants`, `revoked`, `given_up` mini-batches, `lost_work`: worker seconds without a result, to those with one;
- `events_a_second` that the driver takes in, and `ms_a_grant`: its processor time for all events, to its grants. Both
  on this machine, without what carrying the calls costs.
"""

import argparse
import json
import platform
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from typing import Any

from bep.runner.cluster.batches import Batches, joined
from bep.runner.cluster.dispatching import Dispatcher, Rules
from bep.runner.cluster.messages import (
    Command,
    Count,
    End,
    Event,
    Give,
    GiveUp,
    Heard,
    Lost,
    Piece,
    Ready,
    Returned,
    Revoke,
    Settled,
    Tick,
)

PING = 1.0  # seconds between two signs of life
AGAIN = 10.0  # seconds until another node is ready in the place of a lost one


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated: `costs` are the seconds of a worker for each mini-batch; `delay` is for one message."""

    nodes: int
    workers: int
    costs: Sequence[float]
    failures: float = 0.0
    killers: frozenset[int] = frozenset()
    delay: float = 0.005
    seed: int = 1
    early: bool = True
    rules: Rules = field(default_factory=Rules)


@dataclass(slots=True, eq=False)
class Machine:
    """One node: workers take what was granted in the order in which it was given."""

    name: str
    free: int
    began: float
    last: int = 0
    queue: deque[tuple[int, int]] = field(default_factory=deque)
    left: dict[int, int] = field(default_factory=dict)
    done: dict[int, list[int]] = field(default_factory=dict)
    returned: dict[int, list[int]] = field(default_factory=dict)
    is_alive: bool = True
    cut: float = 0.0
    ended: float = 0.0


@dataclass(slots=True)
class Simulation:
    """One job. After `run` the fields say what came of it."""

    world: World
    driver: Dispatcher = field(init=False)
    now: float = 0.0
    machines: dict[str, Machine] = field(default_factory=dict)
    counted: list[int] = field(init=False)
    given_up: list[int] = field(default_factory=list)
    spent: float = 0.0
    revoked: int = 0
    events: int = 0
    late: int = 0
    processor: float = 0.0
    ending: End | None = None
    _random: random.Random = field(init=False)
    _agenda: list[tuple[float, int, str, Any]] = field(default_factory=list)
    _numbers: int = 0

    def __post_init__(self) -> None:
        batches = len(self.world.costs)
        self.driver = Dispatcher([Batches(0, batches)], self.world.rules, 0.0, lambda batch: 1)
        self.counted = [0] * batches
        self._random = random.Random(self.world.seed)

    def run(self) -> "Simulation":
        """Until the driver says that the job is over."""
        for _ in range(self.world.nodes):
            self._start(self._random.uniform(0, 0.5))
        self._at(1.0, "tick", None)
        if self.world.failures:
            self._at(self._until_failure(), "fail", None)
        while self.ending is None:
            self.now, _, what, told = heappop(self._agenda)
            getattr(self, f"_do_{what}")(told)
        return self

    def _until_failure(self) -> float:
        ideal = sum(self.world.costs) / (self.world.nodes * self.world.workers)
        return self.now + self._random.expovariate(self.world.failures * self.world.nodes / ideal)

    def _at(self, when: float, what: str, told: Any) -> None:
        self._numbers += 1
        heappush(self._agenda, (when, self._numbers, what, told))

    def _start(self, when: float) -> None:
        self._numbers += 1
        machine = Machine(f"node{self._numbers}", self.world.workers, when)
        self._at(when, "up", machine)

    def _do_up(self, machine: Machine) -> None:
        self.machines[machine.name] = machine
        self._say(machine, Ready(machine.name, self.world.workers))
        self._at(self.now + PING, "ping", machine)

    def _do_tick(self, told: None) -> None:
        self._hear(Tick())
        self._at(self.now + 1.0, "tick", None)

    def _do_ping(self, machine: Machine) -> None:
        if machine.is_alive:
            self._say(machine, Heard(machine.name))
            self._at(self.now + PING, "ping", machine)

    def _do_fail(self, told: None) -> None:
        alive = [one for one in self.machines.values() if one.is_alive and not one.cut]
        if alive:
            machine = self._random.choice(alive)
            if self._random.random() < 0.5:
                self._die(machine)
            else:
                machine.cut = machine.ended = self.now
                self._at(self.now + self.world.rules.node_timeout, "stop", machine)
                self._start(self.now + self.world.rules.node_timeout + AGAIN)
        self._at(self._until_failure(), "fail", None)

    def _do_stop(self, machine: Machine) -> None:
        """A node that is cut off ends its workers by itself."""
        machine.is_alive = False

    def _die(self, machine: Machine) -> None:
        if machine.is_alive:
            machine.is_alive = False
            machine.ended = machine.ended or self.now
            self._at(self.now + 1.0, "hear", Lost(machine.name, "killed"))
            self._start(self.now + 1.0 + AGAIN)

    def _say(self, machine: Machine, event: Event) -> None:
        """What is said over a link that is cut arrives when that is healed, after the driver has given it up."""
        healed = machine.cut + self.world.rules.node_timeout + 5.0 if machine.cut else 0.0
        self._at(max(self.now + self.world.delay, healed), "hear", event)

    def _do_hear(self, event: Event) -> None:
        self._hear(event)

    def _hear(self, event: Event) -> None:
        began = time.thread_time()
        commands = self.driver.handle(event, self.now)
        self.processor += time.thread_time() - began
        self.events += 1
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        if isinstance(command, Give | Revoke):
            self._at(self.now + self.world.delay, "told", command)
        elif isinstance(command, Count):
            for batch in _each(piece.batches for piece in command.pieces):
                self.counted[batch] += 1
        elif isinstance(command, GiveUp):
            self.given_up.append(command.batch)
        elif isinstance(command, End):
            self.ending = command

    def _do_told(self, command: Give | Revoke) -> None:
        machine = self.machines[command.node]
        if not machine.is_alive or machine.cut:
            return
        if isinstance(command, Give):
            batches = list(_each(command.batches))
            machine.left[command.key] = len(batches)
            machine.last = command.key
            machine.queue.extend((command.key, batch) for batch in batches)
            self._begin(machine)
        else:
            self._revoke(machine, command.key)

    def _revoke(self, machine: Machine, key: int) -> None:
        if key not in machine.left:
            return
        self.revoked += 1
        returned = [batch for of, batch in machine.queue if of == key]
        machine.queue = deque(pair for pair in machine.queue if pair[0] != key)
        machine.left[key] -= len(returned)
        if returned and machine.left[key] and self.world.early:
            self._say(machine, Returned(machine.name, key, _ranges(returned)))
        else:
            machine.returned[key] = returned
        self._settle(machine, key)

    def _begin(self, machine: Machine) -> None:
        while machine.free and machine.queue:
            key, batch = machine.queue.popleft()
            machine.free -= 1
            self._at(self.now + self.world.costs[batch], "done", (machine, key, batch, self.now))
            if batch in self.world.killers:
                self._at(self.now + self.world.costs[batch] / 2, "kill", machine)
        if machine.free and machine.left:
            self._say(machine, Heard(machine.name, machine.last))

    def _do_kill(self, machine: Machine) -> None:
        self._die(machine)

    def _do_done(self, told: tuple[Machine, int, int, float]) -> None:
        machine, key, batch, began = told
        if not machine.is_alive:
            self.spent += max(0.0, (machine.ended or self.now) - began)
            return
        self.spent += self.now - began
        machine.free += 1
        machine.left[key] -= 1
        machine.done.setdefault(key, []).append(batch)
        self._settle(machine, key)
        self._begin(machine)

    def _settle(self, machine: Machine, key: int) -> None:
        if machine.left[key]:
            return
        del machine.left[key]
        ranges = _ranges(machine.done.pop(key, []))
        pieces = tuple(Piece(one, one.size, 0, f"{one.first}.{machine.name}.{key}") for one in ranges)
        returned = _ranges(machine.returned.pop(key, []))
        self._say(machine, Settled(machine.name, key, pieces, returned))

    def ideal(self) -> float:
        """When the work that was done could have been, by those who were there, had no worker ever waited."""
        given_up = sum(self.world.costs[batch] for batch in self.given_up)
        left = sum(self.world.costs) - given_up
        changes = [(one.began, self.world.workers) for one in self.machines.values()]
        changes += [(one.ended, -self.world.workers) for one in self.machines.values() if one.ended]
        at, working = 0.0, 0
        for when, change in sorted(changes):
            if (when - at) * working >= left:
                break
            left -= (when - at) * working
            at, working = when, working + change
        return max(at + left / working, max(self.world.costs))

    def one_list(self) -> float:
        """How long it takes where every worker takes the next mini-batch of one list, at once, and no node is lost:
        whoever does not know which are slow can do no better."""
        free = [one.began for one in self.machines.values() for _ in range(self.world.workers)]
        free = sorted(free)[: self.world.nodes * self.world.workers]
        for cost in self.world.costs:
            heapreplace(free, free[0] + cost)
        return max(free)

    def result(self) -> dict[str, Any]:
        """What is printed."""
        useful = sum(cost for cost, times in zip(self.world.costs, self.counted, strict=True) if times)
        grants = self.driver.progress.grants
        return {
            "nodes": self.world.nodes,
            "workers": self.world.workers,
            "mini_batches": len(self.world.costs),
            "makespan_s": round(self.now, 2),
            "to_ideal": round(self.now / self.ideal(), 3),
            "to_one_list": round(self.now / self.one_list(), 3),
            "grants": grants,
            "revoked": self.revoked,
            "nodes_lost": self.driver.progress.nodes_lost,
            "given_up": len(self.given_up),
            "counted_once": all(times == 1 for batch, times in enumerate(self.counted) if batch not in self.given_up),
            "lost_work": round((self.spent - useful) / useful, 4),
            "events": self.events,
            "events_a_second": round(self.events / self.processor),
            "ms_a_grant": round(1000 * self.processor / grants, 3),
            "error": self.ending.error.message if self.ending and self.ending.error else None,
        }


def costs(count: int, mean: float, skew: float, is_sorted: bool, seed: int) -> list[float]:
    """Seconds for each mini-batch: one in a hundred takes `skew` times as long; all vary by a fifth."""
    chance = random.Random(seed)
    slow = set(range(count - count // 100, count)) if is_sorted else set(chance.sample(range(count), count // 100))
    plain = mean / (1 + (skew - 1) / 100)
    return [plain * (skew if batch in slow else 1.0) * chance.uniform(0.8, 1.2) for batch in range(count)]


def _each(ranges: Any) -> Iterator[int]:
    for one in ranges:
        yield from range(one.first, one.end)


def _ranges(batches: Sequence[int]) -> tuple[Batches, ...]:
    return joined(Batches(batch, batch + 1) for batch in batches)


def main() -> None:
    """One line for each number of nodes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--workers", type=int, default=4, help="of each node")
    parser.add_argument("--mini-batches", type=int, default=200, help="for each worker, on the average")
    parser.add_argument("--seconds", type=float, default=120, help="that the work takes in the ideal case")
    parser.add_argument("--skew", type=float, default=1)
    parser.add_argument("--sorted", action="store_true")
    parser.add_argument("--failures", type=float, default=0)
    parser.add_argument("--killers", type=int, default=0)
    parser.add_argument("--late-returns", action="store_true", help="nodes give back what was revoked when all settles")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for nodes in given.nodes:
        count = nodes * given.workers * given.mini_batches
        each = costs(count, given.seconds / given.mini_batches, given.skew, given.sorted, given.seed)
        killers = frozenset(random.Random(given.seed).sample(range(count), given.killers))
        world = World(
            nodes, given.workers, each, given.failures, killers, seed=given.seed, early=not given.late_returns
        )
        said = {"skew": given.skew, "sorted": given.sorted, "failures": given.failures, "killers": given.killers}
        print(json.dumps({**Simulation(world).run().result(), **said, "python": platform.python_version()}))


if __name__ == "__main__":
    main()
