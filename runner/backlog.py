"""What is still to be scored, and what becomes of an attempt that failed. Pure: no process, no file, no clock."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Span:
    """Items `first` to `first + count`, given to `run()` in calls of `size`."""

    first: int
    count: int
    size: int

    @property
    def end(self) -> int:
        """The first item after it."""
        return self.first + self.count

    @property
    def calls(self) -> int:
        """How many calls of `run()` it takes."""
        return -(-self.count // self.size)

    def call(self, first: int) -> "Span":
        """The one call that begins with this item."""
        count = min(self.size, self.end - first)
        return Span(first, count, count)

    def after(self, calls: int) -> "Span | None":
        """What is left when that many calls have been made."""
        done = min(calls * self.size, self.count)
        return Span(self.first + done, self.count - done, self.size) if done < self.count else None


class Verdict(Enum):
    """What becomes of a failed call."""

    RETRY = "retry"
    SPLIT = "split"
    GIVEN_UP = "given up"


@dataclass(slots=True)
class Backlog:
    """Spans of untouched mini-batches and, before them, calls that get another attempt.

    `attempts` has failed calls only, so it does not grow with the input. A call that was split from one whose
    attempts are exhausted has one attempt, for its items have had all the others already, most of them; one of a single
    item has a second, where there are retries at all: it may stand behind the guilty one and have failed by chance
    now. `calls` is how many wait.
    """

    max_retries: int
    bisect: bool
    untouched: deque[Span]
    again: deque[Span] = field(default_factory=deque)
    attempts: dict[Span, int] = field(default_factory=dict)
    pieces: dict[Span, int] = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self) -> None:
        self.calls = sum(span.calls for span in (*self.again, *self.untouched))

    def take(self, calls: int) -> Span:
        """The next span, of at most so many calls. There must be one."""
        if self.again:
            self.calls -= 1
            return self.again.popleft()
        span = self.untouched[0]
        rest = span.after(calls)
        self.calls -= min(calls, span.calls)
        if rest is None:
            return self.untouched.popleft()
        self.untouched[0] = rest
        return Span(span.first, span.count - rest.count, span.size)

    def give_back(self, spans: Iterable[Span]) -> None:
        """Untouched work that a worker will not do after all."""
        returned = sorted(spans, key=lambda span: -span.first)
        self.calls += sum(span.calls for span in returned)
        self.untouched.extendleft(returned)

    def failed(self, call: Span) -> tuple[Verdict, int]:
        """Count an attempt; what becomes of the call, and which attempt of its items it was."""
        attempt = self.attempts.pop(call, self.pieces.get(call, 0)) + 1
        if attempt <= self._allowed(call):
            self.attempts[call] = attempt
            self._queue(call)
            return Verdict.RETRY, attempt
        self.pieces.pop(call, None)
        if not self.bisect or call.count == 1:
            return Verdict.GIVEN_UP, attempt
        for half in halves(call):
            self.pieces[half] = attempt
            self._queue(half)
        return Verdict.SPLIT, attempt

    def _allowed(self, call: Span) -> int:
        """The attempts, those of the calls that it was split from among them, after which it gets another."""
        if call not in self.pieces:
            return self.max_retries
        return self.pieces[call] + (min(1, self.max_retries) if call.count == 1 else 0)

    def _queue(self, call: Span) -> None:
        self.again.append(call)
        self.calls += 1


def halves(call: Span) -> tuple[Span, Span]:
    """A call of at least two items as two calls."""
    middle = call.count // 2
    return Span(call.first, middle, middle), Span(call.first + middle, call.count - middle, call.count - middle)


def holes(covered: Iterable[tuple[int, int]], items: int, starts: Sequence[int]) -> list[Span]:
    """What no (first, count) covers, each of them in order and once. Given back as spans of whole mini-batches,
    and of calls shorter than one where only part of a mini-batch is missing. `starts` has every mini-batch's first
    item: a range where all but the last have one size."""
    spans: list[Span] = []
    reached = 0
    for first, count in covered:
        spans.extend(_cut(reached, first, starts))
        reached = max(reached, first + count)
    spans.extend(_cut(reached, items, starts))
    return spans


def _cut(start: int, end: int, starts: Sequence[int]) -> Iterable[Span]:
    """A gap in calls that cross no mini-batch's boundary."""
    if isinstance(starts, range):
        yield from _cut_evenly(start, end, starts.step)
        return
    while start < end:
        number = bisect_right(starts, start)
        until = min(end, starts[number]) if number < len(starts) else end
        yield Span(start, until - start, until - start)
        start = until


def _cut_evenly(start: int, end: int, size: int) -> Iterable[Span]:
    """A gap at boundaries of one size: a short head, the whole ones together, a short tail."""
    if start >= end:
        return
    boundary = -(-start // size) * size
    if start < boundary:
        head = min(boundary, end)
        yield Span(start, head - start, head - start)
        start = head
    whole = start + (end - start) // size * size
    if start < whole:
        yield Span(start, whole - start, size)
    if whole < end:
        yield Span(whole, end - whole, size)
