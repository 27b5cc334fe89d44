"""What is said of a prepared job that cannot be merged yet: which items nobody has scored, what scores them. Pure."""

from collections.abc import Sequence
from typing import Final

from bep.runner.errors import JobInvalid
from bep.runner.shards.showing import Items, Overview, Shard, by_shard, without
from bep.runner.shards.status import State
from bep.schemas.next_step import Step, step

_SHOWN: Final = 20


class RangesMissing(JobInvalid):
    """Not every item of a prepared job has been scored. Nothing of it was merged."""

    code = "RangesMissing"


def scoring(job: str, address: str, of: Shard) -> Step:
    """What scores a shard."""
    return step("run", shard=of, share=address, name=job)


def ranges_missing(
    job: str, address: str, seen: Overview, starts: Sequence[int], warnings: Sequence[str] = ()
) -> RangesMissing:
    """What to say of what is missing: who scores it now, and of the rest what scores each range, by the number of
    shards that the job was cut into last; where nobody has begun, what scores all of it at once."""
    told = [f"{gap}: {_by(gap, seen)} now" for gap in without(seen.missing, seen.waiting)]
    every = by_shard(seen.waiting, seen.shards or 1, starts, seen.items)
    steps = [scoring(job, address, of) for of, _ in every]
    told += [f"{gap}: {one}" for (_, gaps), one in zip(every, steps, strict=True) for gap in gaps]
    if len(told) > _SHOWN:
        told[_SHOWN:] = [f"and {len(told) - _SHOWN:,} more ranges"]
    first = f"{job}: {seen.left:,} of {seen.items:,} items are not scored, so nothing was merged"
    text = "\n    ".join([first, *told, *warnings])
    return RangesMissing(text, *(one for one in steps if str(one) in text))


def _by(gap: Items, seen: Overview) -> str:
    """Who scores a range."""
    alive = [row for row in seen.rows if row.state == State.RUNNING and row.last]
    who = [row for row in alive if row.items.first < gap.end and gap.first < row.items.end]
    return "scored by " + " and ".join(f"shard {row.of} on {row.last.host}" for row in who if row.last)
