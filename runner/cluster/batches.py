"""Ranges of mini-batches by their numbers. Pure; knows no item, no node and no file."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Batches(NamedTuple):
    """The mini-batches `first` to `end` (exclusive) of a job."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """How many there are."""
        return self.end - self.first

    def cut(self, size: int) -> tuple["Batches", "Batches | None"]:
        """The first so many of them, at most all, and what is left."""
        middle = min(self.first + size, self.end)
        return Batches(self.first, middle), Batches(middle, self.end) if middle < self.end else None

    def pieces(self, most: int) -> tuple["Batches", ...]:
        """All of them in at most so many ranges, as even as can be."""
        count = min(most, self.size)
        edges = [self.first + self.size * number // count for number in range(count + 1)]
        return tuple(Batches(*pair) for pair in pairwise(edges))


def total(ranges: Iterable[Batches]) -> int:
    """How many mini-batches are in ranges that do not overlap."""
    return sum(one.end - one.first for one in ranges)


def joined(ranges: Iterable[Batches]) -> tuple[Batches, ...]:
    """The same mini-batches in as few ranges as can be, in order, each once."""
    found: list[Batches] = []
    for one in sorted(ranges):
        if one.end <= one.first:
            continue
        if found and one.first <= found[-1].end:
            found[-1] = Batches(found[-1].first, max(found[-1].end, one.end))
        else:
            found.append(one)
    return tuple(found)


def without(whole: Iterable[Batches], taken: Iterable[Batches]) -> tuple[Batches, ...]:
    """What is left of ranges when others are taken out, in order."""
    out = joined(taken)
    found: list[Batches] = []
    at = 0
    for first, end in joined(whole):
        while at < len(out) and out[at].end <= first:
            at += 1
        here = at
        while here < len(out) and out[here].first < end:
            if out[here].first > first:
                found.append(Batches(first, out[here].first))
            first = max(first, out[here].end)
            here += 1
        if first < end:
            found.append(Batches(first, end))
    return tuple(found)


def common(one: Iterable[Batches], other: Iterable[Batches]) -> tuple[Batches, ...]:
    """What is in both, in order."""
    whole = joined(one)
    return without(whole, without(whole, other))
