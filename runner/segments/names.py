"""Names of segments: what one says without being opened, and which counts for which items. Pure.

Nobody else can have a segment's name: a session is a number by chance, and counts its attempts.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Final, NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

FOLDER: Final = "segments"
"""The folder of a prepared job that has them."""

_NUMBER = "(0|[1-9][0-9]{0,17})"
_NAME = lazy_pattern(rf"([0-9]{{12}})-([0-9]{{12}})\.f{_NUMBER}\.b{_NUMBER}\.([0-9a-f]{{8}})\.{_NUMBER}\.segment")


class SegmentName(NamedTuple):
    """Items `first` to `end` (exclusive) of the job, of which `failed` have no result, in a file of `size` bytes. They
    are whole mini-batches, but for those of a run that scores what failed before, which may be single items."""

    first: int
    end: int
    failed: int
    size: int
    session: str
    attempt: int

    @property
    def text(self) -> str:
        """The name of the file."""
        what = f"{self.first:012d}-{self.end:012d}.f{self.failed}.b{self.size}"
        return f"{what}.{self.session}.{self.attempt}.segment"


class Torn(NamedTuple):
    """A segment that has another size than its name says: its writer was ended, or is still writing."""

    name: SegmentName
    found: int


class Chosen(NamedTuple):
    """What the items `first` to `end` (exclusive) are taken from."""

    segment: SegmentName
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Cover:
    """What counts for which items, in their order, and the ranges (first, end) that nothing covers."""

    chosen: tuple[Chosen, ...]
    missing: tuple[tuple[int, int], ...]


def parsed(text: str) -> SegmentName | None:
    """What the name of a file says; None for one that is no segment's."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    first, end, failed, size, session, attempt = found.groups()
    name = SegmentName(int(first), int(end), int(failed), int(size), session, int(attempt))
    return name if name.first < name.end and name.failed <= name.end - name.first else None


def whole(listed: Mapping[str, int]) -> tuple[list[SegmentName], list[Torn]]:
    """The segments among the files of a folder (size by name), sorted, and those that are torn; no others."""
    names = [(name, size) for text, size in listed.items() if (name := parsed(text)) is not None]
    there = sorted(name for name, size in names if size == name.size)
    return there, sorted(Torn(name, size) for name, size in names if size != name.size)


def cover(segments: Iterable[SegmentName], end: int, first: int = 0) -> Cover:
    """Which of the segments counts for which of the items `first` to `end` (exclusive).

    Where several have an item, the one with the fewest failed items counts, of those the one whose name is smallest.
    """
    pieces = list(_pieces(sorted(segments), first, end))
    missing = []
    reached = first
    for piece in pieces:
        if piece.first > reached:
            missing.append((reached, piece.first))
        reached = piece.end
    if reached < end:
        missing.append((reached, end))
    return Cover(tuple(pieces), tuple(missing))


def _pieces(segments: list[SegmentName], first: int, end: int) -> Iterator[Chosen]:
    """Goes from one edge of a segment to the next; of those that it is in, the best is on top of the heap."""
    edges = sorted({min(max(edge, first), end) for name in segments for edge in (name.first, name.end)})
    best: list[tuple[int, str, SegmentName]] = []
    position = 0
    going: Chosen | None = None
    for here, after in itertools.pairwise(edges):
        while position < len(segments) and segments[position].first <= here:
            name = segments[position]
            heappush(best, (name.failed, name.text, name))
            position += 1
        while best and best[0][2].end <= here:
            heappop(best)
        chosen = best[0][2] if best else None
        if going and chosen == going.segment and going.end == here:
            going = going._replace(end=after)
            continue
        if going:
            yield going
        going = Chosen(chosen, here, after) if chosen else None
    if going:
        yield going
