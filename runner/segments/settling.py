"""What of a grant is settled for good, and what is to be given again. Pure; whole calls of the grant alone.

The calls of a grant are mini-batches of the job where nothing of these was scored before; of what failed they may be
single items: then the segments have single items, too.
"""

from collections.abc import Iterable, Iterator, Sequence

from bep.runner.span import Span


def settled_ranges(spans: Iterable[Span], returned: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    """The ranges (first, end) of a grant's calls of which no item was given back, in their order.

    Of a call that is given back in part, what was scored is not kept: a segment has whole calls.
    """
    given_back = sorted((span.first, span.end) for span in returned)
    ranges: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: span.first):
        for first, end in _without(span, given_back):
            if ranges and ranges[-1][1] == first:
                ranges[-1] = ranges[-1][0], end
            else:
                ranges.append((first, end))
    return tuple(ranges)


def given_again(spans: Iterable[Span], ranges: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """What is left of a grant's spans outside these ranges, which have whole calls of it: to be given again."""
    again = []
    for span in spans:
        reached = span.first
        for first, end in ranges:
            if first < span.end and end > reached:
                if first > reached:
                    again.append(Span(reached, first - reached, span.size))
                reached = end
        if reached < span.end:
            again.append(Span(reached, span.end - reached, span.size))
    return tuple(again)


def _without(span: Span, given_back: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is left of a span when every call that is touched is taken out."""
    reached = span.first
    for first, end in given_back:
        if end <= span.first or first >= span.end:
            continue
        cut = span.first + (max(first, span.first) - span.first) // span.size * span.size
        if cut > reached:
            yield reached, cut
        reached = max(reached, min(span.end, span.first - (span.first - end) // span.size * span.size))
    if reached < span.end:
        yield reached, span.end
