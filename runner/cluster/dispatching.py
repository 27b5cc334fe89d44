"""The decisions of a cluster's driver: which node scores what, and what becomes of work whose node is lost.

Pure: events and the time come from outside, commands are returned. No thread, no node, no file. A mini-batch settles
once, in the answer that is heard first from the node that has it, or is given up once.
"""

from collections.abc import Callable, Iterable
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import stopping
from bep.runner.cluster.batches import Batches, common, joined, total, without
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
from bep.runner.cluster.nodes import Given, Node, Nodes
from bep.runner.cluster.pending import Part, Pending
from bep.runner.folder.record import JobError
from bep.runner.scheduling.tally import too_many_failed

_LEAST_SECONDS: Final = 1.0  # a grant's 10 ms of feeding, publishing and calling are a hundredth of it
_SECONDS_A_NODE: Final = 0.005  # so that a driver never has more than 200 grants a second
_ABSENT: Final = 3.0  # seconds between two events, ticks among them, after which the driver itself was surely stopped
_SHORT_SILENCE: Final = 4.0  # seconds: no node is given up after less, for a sign of life is due every second
_BISECTING: Final = 10  # losses that finding the guilty one among a thousand billions of mini-batches takes at most


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds without a word after which a node is lost, and without any node after which the job stops; failed items,
    -1 for any number; how often a mini-batch that has lost its node by itself is given again."""

    node_timeout: float = 20.0
    start_timeout: float = 300.0
    error_threshold: int = -1
    max_retries: int = 3


@dataclass(slots=True)
class Progress:
    """Counts so far: mini-batches, items, nodes that were lost, grants. Items of `given_up` mini-batches are not among
    the `failed`."""

    settled: int = 0
    given_up: int = 0
    scored: int = 0
    failed: int = 0
    nodes_lost: int = 0
    grants: int = 0


@dataclass(slots=True)
class Dispatcher:
    """One session of a driver. `todo` are the mini-batches that have no result yet, `items_of` says how many items
    one has, `began` is the time at which it begins, and `progress` what earlier sessions have done."""

    todo: Iterable[Batches]
    rules: Rules
    began: float
    items_of: Callable[[int], int]
    progress: Progress = field(default_factory=Progress)
    nodes: Nodes = field(default_factory=Nodes)
    pending: Pending = field(init=False)
    outstanding: int = 0
    ending: End | None = None
    _now: float = field(init=False)
    _absent: float = 0.0
    _without_nodes: float = field(init=False)
    _fruitless: int = 0
    _revoking: set[int] = field(default_factory=set)
    _last_loss: str = ""
    _given_up_items: int = 0
    _said: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pending = Pending(self.rules.max_retries)
        self.pending.add(joined(self.todo))
        self._now = self._without_nodes = self.began

    def handle(self, event: Event, now: float) -> list[Command]:
        """What follows from an event, in the order in which it is to be done. Nothing follows after the `End`."""
        if self.ending:
            return []
        self._pass(now)
        self._said = []
        self._take_in(event)
        self._judge()
        if not self.ending:
            self._feed()
        return self._said

    def _pass(self, now: float) -> None:
        """Let time pass, but for that in which this very process was stopped: nobody could have been heard then."""
        since = now - self._absent - self._now
        if since > _ABSENT:
            self._absent += since - _ABSENT
        self._now = max(self._now, now - self._absent)

    def _take_in(self, event: Event) -> None:
        if isinstance(event, Tick):
            self._look()
        elif node := self.nodes.get(event.node):
            self.nodes.heard(node, self._now)
            self._take_from(node, event)
        elif self.nodes.is_new(event.node):  # else it was lost: nothing that it did counts any more
            self._take_from_new(event)

    def _take_from_new(self, event: Event) -> None:
        """From one that has not been ready so far."""
        if isinstance(event, Heard) and not self.nodes:
            self._without_nodes = self._now  # it prepares, so there will be one
        elif isinstance(event, Ready):
            self.nodes.add(Node(event.node, max(1, event.workers)), self._now)
        elif isinstance(event, Broken):
            self._note_loss(event.error.message)
            self._judge_broken(event)
        elif isinstance(event, Lost) and event.is_blamed:
            self._note_loss(event.why)

    def _take_from(self, node: Node, event: Event) -> None:
        if isinstance(event, Heard):
            self._heard(node, event)
        elif isinstance(event, Returned):
            self._returned(node, event)
        elif isinstance(event, Settled):
            self._settled(node, event)
        elif isinstance(event, Lost):
            self._lose(node, event.why, event.is_blamed)
        elif isinstance(event, Broken):
            self._broken(node, event)

    def _look(self) -> None:
        """Who is silent is lost, whatever it does."""
        silence = self._patience()
        for node in self.nodes.silent(self._now - silence):
            why = f"nothing was heard of it for {silence:g} s"
            self._said.append(Kill(node.name, why))
            self._lose(node, why, is_blamed=True)

    def _patience(self) -> float:
        """Seconds that a node may be silent: fewer when the job waits for nothing else and somebody could begin what it
        has. To wait until the timeout then costs more than to score a last grant again."""
        timeout = self.rules.node_timeout
        waits = self.nodes.next_empty() if not self.pending.waiting else None
        if waits is None or self.nodes.heard_at(waits) < self._now - _SHORT_SILENCE / 2:
            return timeout
        return min(timeout, max(timeout / 4, _SHORT_SILENCE))

    def _heard(self, node: Node, event: Heard) -> None:
        if event.hungry_after and event.hungry_after == node.last_key:  # else more is on its way already
            node.hunger()
            self.nodes.changed(node)

    def _returned(self, node: Node, event: Returned) -> None:
        given = node.given.get(event.key)
        if given is None or not given.is_revoked:
            return
        self._give_back(given, event.batches)
        self._revoking.discard(given.key)
        self.nodes.changed(node)

    def _settled(self, node: Node, event: Settled) -> None:
        given = node.take(event.key)
        if given is None:
            return
        self.outstanding -= 1
        self._revoking.discard(given.key)
        pieces = self._counted(given, event.pieces)
        if pieces:
            self._said.append(Count(node.name, pieces))
            self._fruitless = 0
        self._give_back(given, event.returned)
        if given.parts:  # a node that does not account for them has lost them
            self._lost(given.parts, not node.given, "its node did not say what became of it")
        self.nodes.learn(node, given, total(piece.batches for piece in pieces), self._now)
        self.nodes.changed(node)

    def _counted(self, given: Given, told: Iterable[Piece]) -> tuple[Piece, ...]:
        """Those pieces that are of this grant, each mini-batch once; they are open no more."""
        counted = []
        for piece in told:
            open_ones = [part.batches for part in given.parts]
            if not piece.batches.size or total(common(open_ones, [piece.batches])) != piece.batches.size:
                continue
            given.parts = _left(given.parts, [piece.batches])
            counted.append(piece)
            self.progress.settled += piece.batches.size
            self.progress.scored += piece.scored
            self.progress.failed += piece.failed
        return tuple(counted)

    def _give_back(self, given: Given, ranges: tuple[Batches, ...]) -> None:
        ranges = joined(ranges)
        self.pending.give_back(part for one in given.parts for part in one.within(ranges))
        given.parts = _left(given.parts, ranges)

    def _broken(self, node: Node, event: Broken) -> None:
        self._lose(node, event.error.message, is_blamed=False)
        self._note_loss(event.error.message)
        self._judge_broken(event)

    def _judge_broken(self, event: Broken) -> None:
        """What befalls every node ends the job. A script that was prepared somewhere, for it has scored, can be."""
        was_prepared = event.error.code in stopping.OF_THE_SCRIPT and self.progress.settled
        if event.everywhere and not was_prepared:
            self._end(event.error)

    def _lose(self, node: Node, why: str, is_blamed: bool) -> None:
        self.nodes.remove(node)
        self.progress.nodes_lost += 1
        if not self.nodes:
            self._without_nodes = self._now
        given = list(node.given.values())
        self.outstanding -= len(given)
        self._revoking.difference_update(node.given)
        self._last_loss = why
        if is_blamed:
            self._note_loss(why)
        for each in reversed(given):  # what is given back last comes first
            if is_blamed:
                self._lost(each.parts, len(given) == 1, why)
            else:
                self.pending.give_back(each.parts)

    def _note_loss(self, why: str) -> None:
        self._last_loss = why
        self._fruitless += 1

    def _lost(self, parts: tuple[Part, ...], was_alone: bool, why: str) -> None:
        for part in self.pending.lost(parts, was_alone and len(parts) == 1):
            self._fruitless = 0
            self.progress.given_up += 1
            self._given_up_items += self.items_of(part.batches.first)
            self._said.append(GiveUp(part.batches.first, part.alone, why))

    def _judge(self) -> None:
        """Whether the job is over."""
        failed, threshold = self.progress.failed + self._given_up_items, self.rules.error_threshold
        patience = 4 * self.nodes.peak + self.rules.max_retries + _BISECTING
        is_alone = not self.nodes and self._now - self._without_nodes >= self.rules.start_timeout
        if failed > threshold >= 0:
            self._end(too_many_failed(failed, threshold))
        elif not self.pending.waiting and not self.outstanding:
            self._end()
        elif self._fruitless > patience:
            self._end(stopping.nodes_fruitless(self._fruitless, self._last_loss))
        elif is_alone and self.progress.nodes_lost:
            lost = self.progress.nodes_lost
            self._end(stopping.no_node_left(lost, self._last_loss, self.rules.start_timeout))
        elif is_alone:
            self._end(stopping.no_node(self.rules.start_timeout, self._last_loss))

    def _end(self, error: JobError | None = None) -> None:
        if self.ending is None:
            self.ending = End(error)
            self._said.append(self.ending)

    def _feed(self) -> None:
        """Give what there is to whoever waits: to those without anything first. When there is nothing, take it back."""
        while self.pending.suspects and (node := self.nodes.next_empty()):
            self._give(node, (self.pending.take_suspect(),))
        while self.pending.any_ordinary and (node := self.nodes.next_with_room(len(self.pending.suspects))):
            share = -(-self.pending.waiting // (2 * len(self.nodes)))
            seconds = max(_LEAST_SECONDS, _SECONDS_A_NODE * len(self.nodes))
            self._give(node, self.pending.take(node.wanted(seconds, share)))
        while not self.pending.any_ordinary and len(self._revoking) < self.nodes.idle:
            node = self.nodes.richest()
            if node is None or (given := node.revocable()) is None:
                break
            given.is_revoked = True
            self._revoking.add(given.key)
            self._said.append(Revoke(node.name, given.key))
            self.nodes.changed(node)

    def _give(self, node: Node, parts: tuple[Part, ...]) -> None:
        self.progress.grants += 1
        key = self.progress.grants
        node.give(Given(key, parts, self._now))
        self.outstanding += 1
        self._said.append(Give(node.name, key, joined(part.batches for part in parts)))
        self.nodes.changed(node)


def _left(parts: tuple[Part, ...], taken: Iterable[Batches]) -> tuple[Part, ...]:
    """What of the parts is not in these ranges."""
    taken = joined(taken)
    return tuple(part for one in parts for part in one.within(without([one.batches], taken)))
