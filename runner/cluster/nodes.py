"""The nodes of a cluster as their driver sees them: what each has, how fast it is, who waits, who can give something
back. Pure; time comes from outside, in seconds. No question is answered by a look at every node.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import ceil

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.batches import total
from bep.runner.cluster.pending import Part

OUTSTANDING = 2
"""Grants that a node has at most, unless it hungers: with one it would wait for the next, with more there is more to
lose. Where each of both waits for a slow mini-batch, other workers of the node have nothing to do: then it gets one
more, and at most one more for each worker."""
_KEPT = 0.7  # of what is known of a node's pace, with each further grant
_LEAST = 0.02  # seconds that a grant takes, where a node's pace is known: one costs some itself, however small
_GROWTH = 8  # times the size of a node's last grant: what was seen of a few may not hold for many


@dataclass(slots=True, eq=False)
class Given:
    """One grant that is not settled: what of it is open, and since when the node has it."""

    key: int
    parts: tuple[Part, ...]
    since: float
    is_begun: bool = False
    is_revoked: bool = False

    @property
    def size(self) -> int:
        """How many mini-batches are open."""
        return total(part.batches for part in self.parts)

    @property
    def is_suspected(self) -> bool:
        """Whether it has to be alone on its node."""
        return any(part.is_suspected for part in self.parts)


@dataclass(slots=True, eq=False)
class Node:
    """One agent. `given` is in the order in which it was given."""

    name: str
    workers: int
    hungers: bool = False
    last_key: int = 0
    version: int = 0
    given: dict[int, Given] = field(default_factory=dict)
    _settled: float = 0.0
    _batches: float = 0.0
    _seconds: float = 0.0
    _last: int = 0

    @property
    def pace(self) -> float:
        """Seconds of the whole node for one mini-batch, as lately seen; 0 before the first."""
        return self._seconds / self._batches if self._batches else 0.0

    def learn(self, given: Given, batches: int, now: float) -> None:
        """So many mini-batches of a grant were settled."""
        if not batches:
            return
        took = now - max(given.since, self._settled)
        self._batches = _KEPT * self._batches + batches
        self._seconds = _KEPT * self._seconds + max(took, 1e-6)
        self._settled = now

    def wanted(self, seconds: float, share: int) -> int:
        """How many mini-batches its next grant has, to take so long or a little longer: one a worker before its pace is
        known, and never more than its share of what is left; what a grant costs has to be worth it, though."""
        calls = min(ceil(seconds / self.pace), _GROWTH * self._last) if self._batches else self.workers
        self._last = max(1, calls)
        least = ceil(_LEAST / self.pace) if self._batches else 1
        return max(1, min(calls, max(share, least)))

    def free_at(self, pace: float) -> float:
        """When it will have done all it has; `pace` is that of others, where its own is not known."""
        since = max(self._settled, min((given.since for given in self.given.values()), default=0.0))
        return since + (self.pace or pace) * sum(given.size for given in self.given.values())

    def revocable(self) -> Given | None:
        """What it would least miss: the grant it has surely not begun, else one with more than its workers have begun.
        None where it has nothing to give back."""
        last = next(reversed(self.given.values()), None)
        if last is None or last.is_revoked or self.hungers:
            return None
        return last if not last.is_begun or last.size > self.workers else None

    @property
    def is_full(self) -> bool:
        """Whether it can have no further grant now."""
        most = OUTSTANDING + self.workers if self.hungers else OUTSTANDING
        return len(self.given) >= most or any(given.is_suspected for given in self.given.values())

    def give(self, given: Given) -> None:
        """It has one more, which it begins at once where it has nothing else to begin."""
        given.is_begun = self.hungers or not self.given
        self.hungers = False
        self.last_key = given.key
        self.given[given.key] = given

    def take(self, key: int) -> Given | None:
        """A grant has settled, if it has one of that key. What comes after the first is begun."""
        given = self.given.pop(key, None)
        if first := next(iter(self.given.values()), None):
            first.is_begun = True
        return given

    def hunger(self) -> None:
        """It has begun all that it has."""
        self.hungers = True
        for given in self.given.values():
            given.is_begun = True


@dataclass(slots=True)
class Nodes:
    """All that are ready. `peak` is how many there were at most."""

    peak: int = 0
    _all: dict[str, Node] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _heard: dict[str, float] = field(default_factory=dict)
    _empty: dict[str, Node] = field(default_factory=dict)
    _hungry: dict[str, Node] = field(default_factory=dict)
    _half: dict[str, Node] = field(default_factory=dict)
    _richest: list[tuple[int, float, int, str]] = field(default_factory=list)
    _batches: float = 0.0
    _seconds: float = 0.0

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._all.values())

    def get(self, name: str) -> Node | None:
        """The node of that name, where it is ready and not lost."""
        return self._all.get(name)

    def add(self, node: Node, now: float) -> None:
        """A node is ready."""
        self._all[node.name] = node
        self.peak = max(self.peak, len(self._all))
        self.heard(node, now)
        self.changed(node)

    def remove(self, node: Node) -> None:
        """It is lost, and so is whatever still comes under its name."""
        self._lost.add(node.name)
        self._all.pop(node.name, None)
        self._heard.pop(node.name, None)
        self._forget(node)

    def is_new(self, name: str) -> bool:
        """Whether no node of that name has been ready so far."""
        return name not in self._all and name not in self._lost

    def heard(self, node: Node, now: float) -> None:
        """It lives. Who was heard of last stands last."""
        self._heard.pop(node.name, None)
        self._heard[node.name] = now

    def heard_at(self, node: Node) -> float:
        """When it was heard of last."""
        return self._heard[node.name]

    def silent(self, since: float) -> list[Node]:
        """Who has not been heard of since then."""
        found = []
        for name, heard in self._heard.items():
            if heard > since:
                break
            found.append(self._all[name])
        return found

    def learn(self, node: Node, given: Given, batches: int, now: float) -> None:
        """So many mini-batches of a grant of a node's were settled."""
        node.learn(given, batches, now)
        self._batches, self._seconds = self._batches + batches, self._seconds + node.pace * batches

    def changed(self, node: Node) -> None:
        """What it has is other than before: see whether it waits, and what can be taken from it."""
        self._forget(node)
        if not node.given:
            self._empty[node.name] = node
        elif not node.is_full:
            (self._hungry if node.hungers else self._half)[node.name] = node
        node.version += 1
        self._offer(node)
        if len(self._richest) > 4 * len(self._all) + 64:
            self._richest.clear()
            for each in self._all.values():
                self._offer(each)

    def _forget(self, node: Node) -> None:
        for waiting in (self._empty, self._hungry, self._half):
            waiting.pop(node.name, None)

    def _offer(self, node: Node) -> None:
        """Queue a node by what can be taken from it: a grant that has not begun first, of the slowest first."""
        if revocable := node.revocable():
            pace = self._seconds / self._batches if self._batches else 0.0
            heappush(self._richest, (revocable.is_begun, -node.free_at(pace), node.version, node.name))

    @property
    def idle(self) -> int:
        """How many have nothing to do for all, or some, of their workers."""
        return len(self._empty) + len(self._hungry)

    def next_empty(self) -> Node | None:
        """Of those that have no grant, who has waited longest."""
        return next(iter(self._empty.values()), None)

    def next_with_room(self, kept: int) -> Node | None:
        """Who needs a grant most; nobody where only so many could have a second one: these are to become empty."""
        for waiting in (self._empty, self._hungry):
            if waiting:
                return next(iter(waiting.values()))
        return next(iter(self._half.values())) if len(self._half) > kept else None

    def richest(self) -> Node | None:
        """Who can give something back and would be busy longest: it is named once for what it has."""
        while self._richest:
            _, _, version, name = heappop(self._richest)
            node = self._all.get(name)
            if node and node.version == version and node.revocable():
                return node
        return None
