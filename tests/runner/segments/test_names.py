"""Names of segments, and which counts for which item: as one would say it mini-batch by mini-batch."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bep.runner.segments.names import Cover, SegmentName, Torn, cover, parsed, whole

ONE = SegmentName(10, 20, 3, 4567, "0123abcd", 2)


@some.composite
def segments(draw: some.DrawFn) -> list[SegmentName]:
    found = []
    for number in range(draw(some.integers(0, 12))):
        first = draw(some.integers(0, 28))
        end = draw(some.integers(first + 1, 34))
        failed = draw(some.integers(0, min(2, end - first)))
        found.append(SegmentName(first, end, failed, number, f"{draw(some.integers(0, 3)):08x}", number))
    return found


def naive(found: list[SegmentName], first: int, end: int) -> dict[int, SegmentName | None]:
    """For each item what counts for it, as the words of the format say it."""
    return {
        item: min(
            (name for name in found if name.first <= item < name.end),
            key=lambda name: (name.failed, name.text),
            default=None,
        )
        for item in range(first, end)
    }


def items_of(covered: Cover) -> dict[int, SegmentName | None]:
    told: dict[int, SegmentName | None] = {}
    for chosen in covered.chosen:
        told.update(dict.fromkeys(range(chosen.first, chosen.end), chosen.segment))
    for first, end in covered.missing:
        told.update(dict.fromkeys(range(first, end)))
    return told


@given(segments(), some.integers(0, 10), some.integers(0, 32))
def test_what_counts_is_what_counts_for_each_item(found: list[SegmentName], first: int, end: int) -> None:
    expected = naive(found, first, end)
    for order in (found, found[::-1]):
        covered = cover(order, end, first)
        assert items_of(covered) == expected
        edges = [(chosen.first, chosen.end) for chosen in covered.chosen] + list(covered.missing)
        assert sum(end - first for first, end in edges) == len(expected)
        assert all(first < end for first, end in edges)
        assert [each.first for each in covered.chosen] == sorted(each.first for each in covered.chosen)
        for one, after in zip(covered.chosen, covered.chosen[1:], strict=False):
            assert one.segment != after.segment or one.end < after.first
        for gap, following in zip(covered.missing, covered.missing[1:], strict=False):
            assert gap[1] < following[0]


def test_many_segments_are_chosen_among_without_looking_at_each_for_each() -> None:
    """Not by the clock: comparisons are counted."""
    compared = 0

    class Counted(int):
        def __lt__(self, other: int) -> bool:
            nonlocal compared
            compared += 1
            return int(self) < int(other)

    found = [SegmentName(n * 10, n * 10 + 30, Counted(0), 1, f"{n:08x}", 1) for n in range(5000)]
    random.Random(0).shuffle(found)
    covered = cover(found, 50_020)
    assert covered.missing == ()
    assert compared < 60 * len(found)


def test_a_name_says_what_it_was_made_of() -> None:
    assert ONE.text == "000000000010-000000000020.f3.b4567.0123abcd.2.segment"
    assert parsed(ONE.text) == ONE


@given(
    some.builds(
        SegmentName,
        some.integers(0, 10**11),
        some.integers(10**11 + 1, 10**12 - 1),
        some.integers(0, 1),
        some.integers(0, 10**17),
        some.integers(0, 2**32 - 1).map("{:08x}".format),
        some.integers(0, 10**9),
    )
)
def test_every_name_is_read_back(name: SegmentName) -> None:
    assert parsed(name.text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job.json",
        ONE.text + ".partial",
        "." + ONE.text,
        "x/" + ONE.text,
        ONE.text + "\n",
        ONE.text.replace("f3", "f03"),
        ONE.text.replace("f3", "f11"),
        ONE.text.replace("f3", "f-1"),
        ONE.text.replace("0123abcd", "0123ABCD"),
        ONE.text.replace("0123abcd", "0123abc"),
        ONE.text.replace("b4567", "b"),
        ONE.text.replace("-000000000020", "-000000000010"),
        ONE.text.replace("-000000000020", "-000000000009"),
        ONE.text.replace("000000000010-", "10-"),
        ONE.text.replace("f3", "f٣"),
    ],
)
def test_what_is_no_name_of_a_segment_is_passed_over(text: str) -> None:
    assert parsed(text) is None
    assert whole({text: 4567}) == ([], [])


def test_a_segment_of_another_size_is_torn() -> None:
    other = ONE._replace(attempt=1)
    assert whole({ONE.text: 4567, other.text: 0, "notes.txt": 1}) == ([ONE], [Torn(other, 0)])
