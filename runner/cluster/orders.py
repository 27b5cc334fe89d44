"""What a cluster's driver is ordered to score: one document in the share for each run of a job. Knows no node.

An order names calls of `run()` by their numbers, 0 and up: those of its spans, one after the other. In a job's first
run they are its mini-batches; in a later one what is left, or what failed, which may be single items.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, Literal

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.batches import Batches
from bep.runner.errors import JobInvalid, NotShared
from bep.runner.request import RayCluster
from bep.runner.shards.prepared import Prepared
from bep.runner.shares.share import Share
from bep.runner.span import Span
from bep.schemas.values.written import Field, Invalid, Written

FOLDER: Final = "orders"
"""The folder of a job in its share that has them."""


class Order(Written):
    """Run `number` of a job. `spans` are (first item, items, items a call), in order and without overlap; `prepared` is
    the job as agents need it, and `failed_before` how many items have failed for good in earlier runs."""

    format_version: Literal[1] = 1
    number: int = Field(ge=1)
    prepared: Prepared
    cluster: RayCluster
    spans: tuple[tuple[int, int, int], ...]
    failed_before: int = Field(default=0, ge=0)

    @property
    def calls(self) -> "Calls":
        """Its calls, by their numbers."""
        return Calls(tuple(Span(*one) for one in self.spans))


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of some spans, which are in order and do not overlap."""

    spans: Sequence[Span]
    _ends: tuple[int, ...] = field(init=False)
    _firsts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ends", tuple(accumulate(span.calls for span in self.spans)))
        object.__setattr__(self, "_firsts", tuple(span.first for span in self.spans))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def items_of(self, call: int) -> int:
        """How many items a call has."""
        return sum(span.count for span in self.within(Batches(call, call + 1)))

    def within(self, wanted: Batches) -> tuple[Span, ...]:
        """The items of these calls."""
        found = []
        at, first = bisect_right(self._ends, wanted.first), wanted.first
        while first < wanted.end and at < len(self.spans):
            span = self.spans[at]
            before = self._ends[at] - span.calls
            end = min(wanted.end, self._ends[at])
            begin, stop = span.first + (first - before) * span.size, span.first + (end - before) * span.size
            found.append(Span(begin, min(stop, span.end) - begin, span.size))
            first, at = end, at + 1
        return tuple(found)

    def of_items(self, spans: Iterable[tuple[int, int]]) -> tuple[Batches, ...]:
        """The calls of which these ranges of items (first, end) have every item. What is of no call is passed over."""
        found = []
        for first, end in spans:
            at = max(0, bisect_right(self._firsts, first) - 1)
            while at < len(self.spans) and self.spans[at].first < end:
                span = self.spans[at]
                before = self._ends[at] - span.calls
                begin = before + -(-(max(first, span.first) - span.first) // span.size)
                whole = span.calls if end >= span.end else (end - span.first) // span.size
                if begin < before + whole:
                    found.append(Batches(begin, before + whole))
                at += 1
        return tuple(found)


def place_of(job: str, number: int) -> str:
    """Where an order stands in the share."""
    return f"{job}/{FOLDER}/{number}.json"


def put(share: Share, order: Order) -> None:
    """Write it down, when all that it names is in the share. Raises `ShareRefused`."""
    text = json.dumps(order.model_dump(mode="json"), separators=(",", ":")) + "\n"
    share.put(place_of(order.prepared.name, order.number), text.encode())


def read(share: Share, job: str, number: int) -> Order:
    """The order of that number. Raises `NotShared` where there is none, `JobInvalid` where it cannot be read, and
    `ShareRefused`."""
    place = place_of(job, number)
    try:
        return Order.model_validate(json.loads(share.read(place)))
    except NotShared:
        raise NotShared(f"{share.address} has no {place}: it was removed, or this is another share") from None
    except (Invalid, ValueError, RecursionError, ImportError) as why:  # a node need not have pydantic, which says more
        raise JobInvalid(f"{place} in {share.address} is damaged: {why}\n    fix: resume the job") from None
