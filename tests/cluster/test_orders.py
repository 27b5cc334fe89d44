"""Orders: their calls by numbers, and what a range of items has of them."""

from hypothesis import given
from hypothesis import strategies as st

from bep.runner.cluster.batches import Batches
from bep.runner.cluster.orders import Calls
from bep.runner.span import Span


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    made, first = [], 0
    for gap, count, size in draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 4)), max_size=6)
    ):
        made.append(Span(first + gap, count, size))
        first = made[-1].end
    return made


def listed(made: list[Span]) -> list[list[int]]:
    """The items of each call, one after the other."""
    return [
        list(range(first, min(first + span.size, span.end)))
        for span in made
        for first in range(span.first, span.end, span.size)
    ]


@given(spans(), st.data())
def test_calls_have_numbers(made: list[Span], data: st.DataObject) -> None:
    calls, every = Calls(made), listed(made)
    assert len(calls) == len(every)
    first = data.draw(st.integers(0, len(every)))
    end = data.draw(st.integers(first, len(every)))
    found = calls.within(Batches(first, end))
    assert listed(list(found)) == every[first:end]
    assert [calls.items_of(number) for number in range(len(every))] == [len(one) for one in every]


@given(spans(), st.data())
def test_a_range_of_items_has_whole_calls(made: list[Span], data: st.DataObject) -> None:
    calls, every = Calls(made), listed(made)
    first = data.draw(st.integers(0, 60))
    end = data.draw(st.integers(first, 60))
    found = calls.of_items([(first, end)])
    numbers = [number for one in found for number in range(*one)]
    assert numbers == [number for number, items in enumerate(every) if first <= items[0] and items[-1] < end]
