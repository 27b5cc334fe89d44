"""What one session of a shard is, and what it finds in the share as it begins. Values, and one look; scores nothing."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from bep.lazy_dataclasses import dataclass
from bep.runner.segments import names
from bep.runner.segments.names import Chosen
from bep.runner.shards.outgoing import Author
from bep.runner.shards.prepared import Prepared
from bep.runner.shards.ranges import range_of
from bep.runner.shares.share import Share
from bep.runner.span import Span, holes


@dataclass(frozen=True, slots=True)
class Session:
    """Session `name` of shard `shard` of `shards` of a prepared job; `starts` are the first items of the job's
    mini-batches."""

    share: Share
    prepared: Prepared
    shard: int
    shards: int
    name: str
    starts: Sequence[int]

    @property
    def items(self) -> tuple[int, int]:
        """The first item of the shard, and the first after it."""
        return range_of(self.shard, self.shards, self.starts, self.prepared.counts.items)

    @property
    def ahead(self) -> int:
        """How many mini-batches of the job there are before it."""
        return bisect_left(self.starts, self.items[0])

    @property
    def node(self) -> str:
        """The name of this machine in the job: no other session has it."""
        return f"shard{self.shard}-{self.name}"

    @property
    def author(self) -> Author:
        """Whose its segments are."""
        manifest = self.prepared.manifest_digest
        return Author(self.share, self.prepared.name, manifest, self.name, self.node, self.items[0])

    def place(self, name: str) -> str:
        """The name in the share of what has this one below the job's folder."""
        return f"{self.prepared.name}/{name}"


@dataclass(frozen=True, slots=True)
class Found:
    """How far a shard is when a session begins: `done` items have results in segments or failed, at least `failed` of
    them failed; `missing` are ranges (first, end) of the job that no segment has."""

    done: int
    failed: int
    missing: tuple[tuple[int, int], ...]

    def spans(self, session: Session) -> list[Span]:
        """What is missing in calls, its items counted from the first of the shard."""
        first, end = session.items
        here = session.starts[session.ahead : bisect_left(session.starts, end)]
        starts = (
            range(0, end - first, session.prepared.stride) if isinstance(here, range) else [s - first for s in here]
        )
        return holes(_covered(self.missing, first, end), end - first, starts)


def look(session: Session) -> Found:
    """Look once at the segments in the share. Raises `ShareRefused`."""
    first, end = session.items
    if first == end:
        return Found(0, 0, ())
    whole, _ = names.whole(session.share.listed(session.place(names.FOLDER)))
    cover = names.cover(whole, end, first)
    left = sum(last - begin for begin, last in cover.missing)
    return Found(end - first - left, sum(map(_surely_failed, cover.chosen)), cover.missing)


def _surely_failed(chosen: Chosen) -> int:
    """Where a part of a segment counts, its name does not say which of its items failed."""
    outside = chosen.segment.end - chosen.segment.first - (chosen.end - chosen.first)
    return max(0, chosen.segment.failed - outside)


def _covered(missing: Sequence[tuple[int, int]], first: int, end: int) -> Iterator[tuple[int, int]]:
    """What lies between the missing ranges, each as its first item, counted from `first`, and its number of items."""
    reached = first
    for begin, last in (*missing, (end, end)):
        if begin > reached:
            yield reached - first, begin - reached
        reached = last
