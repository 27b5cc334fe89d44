"""Whatever fails, every item ends exactly once."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from bep.runner.scheduling.backlog import Backlog
from bep.runner.span import Span, halves, holes
from bep.runner.verdicts import Ended, Verdict


@given(
    items=st.integers(1, 200),
    size=st.integers(1, 12),
    retries=st.integers(0, 3),
    bisect=st.booleans(),
    bad=st.sets(st.integers(0, 199), max_size=8),
    calls=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    lost=st.integers(0, 3),
    how=st.sampled_from(Ended),
)
def test_every_item_is_scored_or_given_up_once(
    items: int, size: int, retries: int, bisect: bool, bad: set[int], calls: list[int], lost: int, how: Ended
) -> None:
    backlog = Backlog(retries, bisect, deque(holes([], items, range(0, items, size))))
    ended: list[int] = []
    turn = 0
    while backlog.calls:
        turn += 1
        span = backlog.take(calls[turn % len(calls)])
        if turn <= lost:
            backlog.give_back([span])
            continue
        for first in range(span.first, span.end, span.size):
            call = span.call(first)
            given = range(call.first, call.end)
            if bad.isdisjoint(given):
                ended.extend(given)
                backlog.scored(call)
                continue
            outcome = backlog.failed(call, how)
            if outcome.verdict is Verdict.GIVEN_UP:
                ended.extend(given)
            for rest in outcome.unresolved:
                ended.extend(range(rest.first, rest.first + rest.count))
            assert (bisect and retries) or call.count == min(size, items - call.first)
    assert sorted(ended) == list(range(items))
    assert not backlog.again
    assert not backlog.untouched
    assert not backlog.pieces


@given(items=st.integers(1, 100), size=st.integers(1, 10), covered=st.sets(st.integers(0, 99)))
def test_holes_are_exactly_what_is_not_covered_and_cross_no_mini_batch(
    items: int, size: int, covered: set[int]
) -> None:
    covered = {n for n in covered if n < items}
    spans = holes(((n, 1) for n in sorted(covered)), items, range(0, items, size))
    found = [n for span in spans for n in range(span.first, span.end)]
    assert found == [n for n in range(items) if n not in covered]
    for span in spans:
        for first in range(span.first, span.end, span.size):
            call = span.call(first)
            assert call.first // size == (call.end - 1) // size


def test_the_halves_of_a_call_are_the_call() -> None:
    assert halves(Span(10, 5, 5)) == (Span(10, 2, 2), Span(12, 3, 3))
