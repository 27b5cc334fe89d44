"""How far all shards of a prepared job are, from the names of its segments and what sessions say. Pure: reads nothing.

What is done is what segments say, for they are what counts in the end; what is being done is what sessions say.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.runner.shards.ranges import range_of
from bep.runner.shards.status import ShardStatus, State

_PATIENCE: Final = 15.0  # seconds that a sign may be late: clocks of machines differ, and shares are slow

NOT_STARTED: Final = "not started"
SILENT: Final = "no sign"


class Settled(NamedTuple):
    """Items `first` to `end` (exclusive) have results in a segment, `failed` of them none: at most so many where only
    part of a segment counts."""

    first: int
    end: int
    failed: int


class Items(NamedTuple):
    """Items `first` to `end` (exclusive) of the job."""

    first: int
    end: int

    def __str__(self) -> str:
        return f"items {self.first:,} to {self.end - 1:,}" if self.end - self.first > 1 else f"item {self.first:,}"


class Shard(NamedTuple):
    """Shard `shard` of `shards`."""

    shard: int
    shards: int

    def __str__(self) -> str:
        return f"{self.shard}/{self.shards}"


@dataclass(frozen=True, slots=True)
class Row:
    """One shard. `state` is that of its last session, `no sign` where a running one is too late with its next, `done`
    where nothing is left whoever did it, or `not started`."""

    of: Shard
    items: Items
    scored: int
    failed: int
    state: str
    last: ShardStatus | None = None

    @property
    def left(self) -> int:
        """Items that no segment has."""
        return self.items.end - self.items.first - self.scored - self.failed

    def as_json(self) -> dict[str, Any]:
        """As scripts get it."""
        last = self.last
        return {
            "shard": str(self.of),
            "first": self.items.first,
            "end": self.items.end,
            "scored": self.scored,
            "failed": self.failed,
            "left": self.left,
            "state": self.state,
            "host": last.host if last else None,
            "session": last.session if last else None,
            "seen": f"{last.time:%Y-%m-%dT%H:%M:%SZ}" if last else None,
            "items_per_second": last.items_per_second if last else None,
            "error": last.error.model_dump(mode="json") if last and last.error else None,
        }


@dataclass(frozen=True, slots=True)
class Overview:
    """A prepared job. `missing` are the items that no segment has, `waiting` those of them that no living session has,
    and `shards` the number that whoever started the last session cut the job into; 0 where nobody has."""

    items: int
    scored: int
    failed: int
    shards: int
    rows: tuple[Row, ...]
    missing: tuple[Items, ...]
    waiting: tuple[Items, ...]

    @property
    def left(self) -> int:
        """Items that no segment has."""
        return self.items - self.scored - self.failed

    def as_json(self) -> dict[str, Any]:
        """As scripts get it."""
        return {
            "items": self.items,
            "scored": self.scored,
            "failed": self.failed,
            "left": self.left,
            "shards": [row.as_json() for row in self.rows],
            "missing": [list(one) for one in self.missing],
            "waiting": [list(one) for one in self.waiting],
        }


def overview(
    items: int, starts: Sequence[int], settled: Sequence[Settled], sessions: Iterable[ShardStatus], now: datetime
) -> Overview:
    """How far the job is. `settled` is in order and without overlap; `starts` are the first items of mini-batches."""
    last = _last_of_each(sessions, now)
    newest = max(last.values(), key=lambda one: (one.started, one.shards), default=None)
    shards = newest.shards if newest else 0
    alive = [one for one in last.values() if state_of(one, now) == State.RUNNING]
    wanted = {Shard(shard, shards) for shard in range(shards)} | {Shard(one.shard, one.shards) for one in alive}
    rows = tuple(_row(of, starts, items, settled, last.get(of), now) for of in sorted(wanted, key=lambda of: of[::-1]))
    gaps = missing(items, settled)
    working = sorted(Items(*range_of(one.shard, one.shards, starts, items)) for one in alive)
    failed = sum(min(one.failed, one.end - one.first) for one in settled)
    scored = sum(one.end - one.first for one in settled) - failed
    return Overview(items, scored, failed, shards, rows, gaps, without(gaps, working))


def state_of(session: ShardStatus, now: datetime) -> str:
    """What a session says it does, or that it says nothing any more."""
    late = (now - session.time).total_seconds() > 3 * session.every + _PATIENCE
    return SILENT if session.state is State.RUNNING and late else session.state.value


def missing(items: int, settled: Iterable[Settled]) -> tuple[Items, ...]:
    """The items that none of these has, in order."""
    return without([Items(0, items)] if items else [], [Items(one.first, one.end) for one in settled])


def without(whole: Iterable[Items], taken: Sequence[Items]) -> tuple[Items, ...]:
    """What is left of ranges when others, which are in order, are taken out."""
    found = []
    for first, end in whole:
        for one in taken:
            if one.end > first and one.first < end:
                if one.first > first:
                    found.append(Items(first, one.first))
                first = max(first, one.end)
        if first < end:
            found.append(Items(first, end))
    return tuple(found)


def by_shard(
    gaps: Iterable[Items], shards: int, starts: Sequence[int], items: int
) -> tuple[tuple[Shard, tuple[Items, ...]], ...]:
    """Which of so many shards have any of these items, each with those that it has."""
    gaps, found = tuple(gaps), []
    for shard in range(shards):
        first, end = range_of(shard, shards, starts, items)
        if own := without(gaps, [Items(0, first), Items(end, items)]):
            found.append((Shard(shard, shards), own))
    return tuple(found)


def _last_of_each(sessions: Iterable[ShardStatus], now: datetime) -> dict[Shard, ShardStatus]:
    """The session of each shard that says most of it: one that works rather than one that is over, then the newest."""
    found: dict[Shard, ShardStatus] = {}
    for one in sorted(sessions, key=lambda one: (state_of(one, now) == State.RUNNING, one.time, one.session)):
        found[Shard(one.shard, one.shards)] = one
    return found


def _row(
    of: Shard,
    starts: Sequence[int],
    items: int,
    settled: Sequence[Settled],
    last: ShardStatus | None,
    now: datetime,
) -> Row:
    own = Items(*range_of(*of, starts, items))
    inside = [(max(one.first, own.first), min(one.end, own.end), one.failed) for one in settled]
    within = [(end - first, failed) for first, end, failed in inside if first < end]
    failed = sum(min(count, failed) for count, failed in within)
    done = sum(count for count, _ in within)
    is_done = done == own.end - own.first
    state = State.DONE.value if is_done else state_of(last, now) if last else NOT_STARTED
    return Row(of, own, done - failed, failed, state, last)
