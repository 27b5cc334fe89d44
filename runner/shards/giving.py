"""How much of a shard an engine is given, and when. Pure: no clock, no process, no share.

A grant is a segment in the share, and what a killed session loses: so grants are small at first, and then as much as
takes a few seconds, or a small part of the time that is behind. Workers never wait for one: there is always as much
again in the engine as a grant has.
"""

from collections import deque
from collections.abc import Iterable

from bep.lazy_dataclasses import dataclass, field
from bep.runner.span import Span

SECONDS = 5.0
"""What a grant takes at the least, once the pace is known."""

SHARE = 0.02
"""What it takes of the time that was spent so far."""

_FEWEST = 2  # grants that are out at once
_RECENT = 8  # settled grants that the pace is of


@dataclass(slots=True)
class Giver:
    """What of a shard is still to be given to `workers` of an engine, and what is out. Times are seconds by any clock
    that never goes back.

    `most` is how many calls a grant may have: whoever fetches its inputs has only so much room.
    """

    workers: int
    waiting: deque[Span]
    most: int = 1 << 40
    _out: dict[int, tuple[tuple[Span, ...], int]] = field(default_factory=dict)
    _key: int = 0
    _given: int = 0
    _items: int = 0
    _began: float | None = None
    _paces: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _last: float | None = None

    @property
    def is_all_given(self) -> bool:
        """Whether nothing is left to give."""
        return not self.waiting

    @property
    def out(self) -> tuple[int, ...]:
        """The keys of the grants that are not settled."""
        return tuple(self._out)

    def is_due(self, now: float, done: int) -> bool:
        """Whether the engine is to get another grant. `done` is how many items of all that it was given are scored or
        failed by now, those of grants that are not settled too."""
        if not self.waiting:
            return False
        if len(self._out) < _FEWEST:
            return True
        left = (self._items - done) * self._given / self._items
        return left < max(2 * self.workers, self._size(now))

    def next(self, now: float) -> tuple[int, tuple[Span, ...]]:
        """The key of the next grant, and what it has. There must be something left."""
        if self._began is None:
            self._began = now
        spans = tuple(_taken(self.waiting, self._size(now)))
        calls = sum(span.calls for span in spans)
        self._key += 1
        self._out[self._key] = spans, calls
        self._given += calls
        self._items += sum(span.count for span in spans)
        return self._key, spans

    def settled(self, key: int, now: float) -> tuple[Span, ...]:
        """A grant is over; what it had. The first tells no pace: the workers had to get ready."""
        spans, calls = self._out.pop(key)
        if self._last is not None:
            self._paces.append((max(0.0, now - self._last), calls))
        self._last = now
        return spans

    def give_back(self, spans: Iterable[Span]) -> None:
        """What was not scored after all comes first again."""
        self.waiting.extendleft(sorted(spans, key=lambda span: -span.first))

    def _size(self, now: float) -> int:
        """Calls of the next grant."""
        seconds = sum(took for took, _ in self._paces)
        calls = sum(count for _, count in self._paces)
        if not calls or self._began is None:
            return min(self.workers, self.most)
        wanted = max(SECONDS, SHARE * (now - self._began))
        paced = calls * wanted / seconds if seconds else float(4 * calls)
        # of a pace that two quick calls seem to have, not too much is made
        largest = max(count for _, count in self._paces)
        return max(1, min(self.most, max(self.workers, min(round(paced), 16 * largest))))


def _taken(waiting: deque[Span], calls: int) -> Iterable[Span]:
    """So many calls from the front."""
    while calls > 0 and waiting:
        span = waiting.popleft()
        rest = span.after(calls)
        if rest is not None:
            waiting.appendleft(rest)
            span = Span(span.first, span.count - rest.count, span.size)
        calls -= span.calls
        yield span
