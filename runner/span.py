"""Ranges of items as calls of `run()`: cut, halved, and what is left of them. Pure; knows no attempt."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from bep.lazy_dataclasses import dataclass


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


def halves(call: Span) -> tuple[Span, Span]:
    """A call of at least two items as two calls."""
    middle = call.count // 2
    return Span(call.first, middle, middle), Span(call.first + middle, call.count - middle, call.count - middle)


def evenly(call: Span, size: int) -> tuple[Span, ...]:
    """A call as calls of this size, the last perhaps smaller."""
    counts = ((first, min(size, call.end - first)) for first in range(call.first, call.end, size))
    return tuple(Span(first, count, count) for first, count in counts)


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
