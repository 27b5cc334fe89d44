"""What is left for the next order, by items: nothing twice, nothing forgotten, no call over an edge of a mini-batch."""

import random
from collections.abc import Iterable

from bep.runner.cluster.batches import Batches as Range
from bep.runner.cluster.journal import Committed, Counted, GivenUp
from bep.runner.cluster.orders import Calls
from bep.runner.cluster.remaining import harvest_of, left, ranges_of
from bep.runner.segments.names import SegmentName
from bep.runner.span import Span


def _items(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {item for first, end in ranges for item in range(first, end)}


def _some(chance: random.Random, items: int) -> list[Range]:
    edges = sorted(chance.sample(range(items + 1), 2 * chance.randrange(items // 4)))
    return [Range(first, end) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def test_what_is_left_is_what_waits_and_what_was_not_collected_after_all() -> None:
    chance = random.Random(7)
    for _ in range(300):
        items, size = chance.randrange(8, 40), chance.randrange(1, 6)
        starts = range(0, items, size)
        waiting, pending, collected = (_some(chance, items) for _ in range(3))
        spans = left(waiting, pending, collected, items, starts)
        assert _items(ranges_of(spans)) == (_items(waiting) - _items(pending)) | (_items(pending) - _items(collected))
        assert sum(span.count for span in spans) == len(_items(ranges_of(spans)))
        for span in spans:
            for call in range(span.calls):
                first = span.first + call * span.size
                last = min(first + span.size, span.end) - 1
                assert first // size == last // size


def test_a_commit_is_of_items_by_the_calls_of_its_order() -> None:
    calls = Calls((Span(0, 10, 4), Span(20, 1, 1), Span(21, 6, 3)))
    whole = SegmentName(20, 27, 0, 100, "0a1b2c3d", 1)
    counted = (
        Counted(first=3, end=6, scored=7, failed=0, segment=whole.text),
        Counted(first=0, end=1, scored=4, failed=0, segment=whole.text),  # which does not have these
        Counted(first=1, end=2, scored=4, failed=0, segment="no segment"),
    )
    found = harvest_of(Committed(counted, (GivenUp(batch=2, losses=3, why="no power"),)), calls)
    assert [(one.segment, one.first, one.end) for one in found.pieces] == [(whole, 20, 27)]
    assert [(one.call, one.losses, one.why) for one in found.lost] == [(Span(8, 2, 2), 3, "no power")]
    assert found.ranges == (Range(8, 10), Range(20, 27))
