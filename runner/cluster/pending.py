"""Mini-batches that no node has, and what is known of those whose nodes were lost. Pure; knows no node and no clock.

What was lost once is given again as it was: most nodes are lost by no fault of their work. What was lost twice is
suspected. It is split, and each piece goes to a node that has nothing else, so that the next loss is surely its own.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.cluster.batches import Batches

PIECES: Final = 16
"""How many pieces a suspected part is split into: a loss costs a node and seconds, a piece a few milliseconds."""
_SUSPECTED: Final = 2  # losses


@dataclass(frozen=True, slots=True)
class Part:
    """Mini-batches that were lost together with `losses` nodes, `alone` times as one by itself on its node."""

    batches: Batches
    losses: int = 0
    alone: int = 0

    @property
    def is_suspected(self) -> bool:
        """Whether it has to be alone on its node."""
        return self.losses >= _SUSPECTED

    def within(self, ranges: Iterable[Batches]) -> list["Part"]:
        """What of it is in these ranges."""
        found = []
        for one in ranges:
            first, end = max(one.first, self.batches.first), min(one.end, self.batches.end)
            if first < end:
                found.append(replace(self, batches=Batches(first, end)))
        return found


@dataclass(slots=True)
class Pending:
    """`max_retries` is how often a mini-batch may be lost alone and still be given again; `waiting` how many
    mini-batches nobody has, those of `suspects` among them."""

    max_retries: int
    waiting: int = 0
    suspects: deque[Part] = field(default_factory=deque)
    _again: deque[Part] = field(default_factory=deque)
    _untouched: deque[Batches] = field(default_factory=deque)

    def add(self, ranges: Iterable[Batches]) -> None:
        """Put untouched ones, in their order, after what there is."""
        for one in ranges:
            self._untouched.append(one)
            self.waiting += one.size

    @property
    def any_ordinary(self) -> bool:
        """Whether there is something that need not be alone on its node."""
        return bool(self._again or self._untouched)

    def take(self, size: int) -> tuple[Part, ...]:
        """Parts of at most so many mini-batches in all, at least one; none is suspected. There must be something."""
        if self._again:
            part = self._again.popleft()
            batches, rest = part.batches.cut(size)
            if rest:
                self._again.appendleft(replace(part, batches=rest))
            self.waiting -= batches.size
            return (replace(part, batches=batches),)
        taken: list[Part] = []
        while size and self._untouched:
            batches, rest = self._untouched.popleft().cut(size)
            if rest:
                self._untouched.appendleft(rest)
            taken.append(Part(batches))
            size -= batches.size
            self.waiting -= batches.size
        return tuple(taken)

    def take_suspect(self) -> Part:
        """The next one that has to be alone. There must be one."""
        part = self.suspects.popleft()
        self.waiting -= part.batches.size
        return part

    def give_back(self, parts: Iterable[Part]) -> None:
        """What a node has not begun, or has lost by no fault of it. It comes next."""
        for part in sorted(parts, key=lambda part: -part.batches.first):
            self.waiting += part.batches.size
            if part.is_suspected:
                self.suspects.appendleft(part)
            elif part.losses:
                self._again.appendleft(part)
            elif self._untouched and self._untouched[0].first == part.batches.end:
                self._untouched[0] = Batches(part.batches.first, self._untouched[0].end)
            else:
                self._untouched.appendleft(part.batches)

    def lost(self, parts: Iterable[Part], was_alone: bool) -> list[Part]:
        """What a lost node had, and whether it had nothing else. Returns single mini-batches that are given up."""
        given_up = []
        for part in parts:
            single = part.batches.size == 1
            lost = replace(part, losses=part.losses + 1, alone=part.alone + (was_alone and single))
            if lost.alone > self.max_retries:
                given_up.append(lost)
            elif lost.is_suspected and not single:
                self.give_back(replace(lost, batches=piece) for piece in lost.batches.pieces(PIECES))
            else:
                self.give_back([lost])
        return given_up
