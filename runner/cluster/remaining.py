"""Which items of a job are in what its drivers have committed, and which are left for the next order. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.runner.cluster.batches import Batches as Range
from bep.runner.cluster.batches import joined, without
from bep.runner.cluster.journal import Committed
from bep.runner.cluster.orders import Calls
from bep.runner.segments.names import SegmentName, parsed
from bep.runner.span import Span, holes


class Piece(NamedTuple):
    """The items `first` to `end` (exclusive) of a job count as this segment has them."""

    segment: SegmentName
    first: int
    end: int


class Lost(NamedTuple):
    """A call that nobody will score, for so many nodes were lost with it; `why` the last one was."""

    call: Span
    losses: int
    why: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """What was committed of an order, in items."""

    pieces: tuple[Piece, ...] = ()
    lost: tuple[Lost, ...] = ()

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The items of all of it."""
        return joined([*(Range(one.first, one.end) for one in self.pieces), *ranges_of(one.call for one in self.lost)])


def harvest_of(committed: Committed, calls: Calls) -> Harvest:
    """What was committed, by the calls of its order. What names no segment that has these items is passed over."""
    pieces = []
    for one in committed.counted:
        name = parsed(one.segment)
        for first, end in ranges_of(calls.within(Range(one.first, one.end))):
            if name is not None and name.first <= first and end <= name.end:
                pieces.append(Piece(name, first, end))
    lost = [
        Lost(Span(span.first, span.count, span.count), one.losses, one.why)
        for one in committed.given_up
        for span in calls.within(Range(one.batch, one.batch + 1))
    ]
    return Harvest(tuple(pieces), tuple(lost))


def ranges_of(spans: Iterable[Span]) -> tuple[Range, ...]:
    """The items of spans in as few ranges as can be."""
    return joined(Range(span.first, span.end) for span in spans)


def left(
    waiting: Iterable[Range], pending: Sequence[Range], collected: Sequence[Range], items: int, starts: Sequence[int]
) -> tuple[Span, ...]:
    """What an order is to have: of the items that wait those that are not `pending`, and of these what was not
    collected after all. As calls that cross no boundary of a mini-batch; `starts` has the first item of each."""
    wanted = joined([*without(waiting, pending), *without(pending, collected)])
    settled = without([Range(0, items)], wanted)
    return tuple(holes(((first, end - first) for first, end in settled), items, starts))
