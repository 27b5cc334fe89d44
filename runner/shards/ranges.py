"""Which items a shard of a prepared job has. Pure; knows no share."""

from collections.abc import Sequence


def range_of(shard: int, shards: int, starts: Sequence[int], items: int) -> tuple[int, int]:
    """The first item of shard `shard` of `shards`, and the first after it: whole mini-batches, as many as the others
    have, or one more. `starts` are the first items of the mini-batches. Where there are more shards than mini-batches,
    some have none, and both are the same."""
    ends = [number * len(starts) // shards for number in (shard, shard + 1)]
    first, end = (starts[number] if number < len(starts) else items for number in ends)
    return first, end
