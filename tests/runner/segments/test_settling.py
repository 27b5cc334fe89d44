"""What of a grant is settled for good: whole mini-batches of which nothing was given back."""

import itertools

from hypothesis import given
from hypothesis import strategies as some

from bep.runner.segments.settling import given_again, settled_ranges
from bep.runner.span import Span


@some.composite
def grants(draw: some.DrawFn) -> tuple[list[Span], list[Span]]:
    """Spans of whole mini-batches, the last of each perhaps short, and pieces of them that were given back."""
    spans, returned, reached = [], [], draw(some.integers(0, 5))
    for _ in range(draw(some.integers(1, 4))):
        size = draw(some.integers(1, 4))
        count = draw(some.integers(1, 12))
        spans.append(Span(reached, count, size))
        place = reached
        while place < reached + count:
            length = min(draw(some.integers(1, 5)), reached + count - place)
            if draw(some.integers(0, 2)) == 0:
                returned.append(Span(place, length, size))
            place += length
        reached += count + draw(some.integers(0, 3))
    return spans, returned


@given(grants(), some.randoms())
def test_a_mini_batch_is_settled_when_none_of_its_items_was_given_back(
    grant: tuple[list[Span], list[Span]], chance: object
) -> None:
    spans, returned = grant
    back = {item for span in returned for item in range(span.first, span.end)}
    settled = set()
    for span in spans:
        for first in range(span.first, span.end, span.size):
            batch = set(range(first, min(first + span.size, span.end)))
            if not batch & back:
                settled |= batch
    chance.shuffle(returned)  # type: ignore[attr-defined]
    ranges = settled_ranges(spans, returned)
    assert [item for first, end in ranges for item in range(first, end)] == sorted(settled)
    assert all(one[1] < after[0] for one, after in itertools.pairwise(ranges))
    again = given_again(spans, ranges)
    every = {item for span in spans for item in range(span.first, span.end)}
    assert sorted(item for span in again for item in range(span.first, span.end)) == sorted(every - settled)
    for span in again:
        origin = next(each for each in spans if each.first <= span.first < each.end)
        assert (span.first - origin.first) % origin.size == 0
        assert span.size == origin.size
        assert (span.end - origin.first) % origin.size == 0 or span.end == origin.end


def test_what_nobody_gave_back_is_one_range() -> None:
    assert settled_ranges([Span(0, 4, 2), Span(4, 3, 3), Span(9, 1, 1)], []) == ((0, 7), (9, 10))
    assert settled_ranges([Span(0, 4, 2)], [Span(0, 4, 2)]) == ()
