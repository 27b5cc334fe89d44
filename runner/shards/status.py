"""How far one session of a shard is, as it says so itself in a share. Knows names and bytes; opens no share."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from bep.lazy_patterns import lazy_pattern
from bep.runner.folder.record import Counts, JobError
from bep.schemas.values.written import Field, Invalid, Written

FOLDER: Final = "shards"
"""The folder of a prepared job that has these documents."""

MOST: Final = 1_000_000
"""Shards that a job can be cut into."""

LONGEST: Final = 1 << 20
"""Bytes that a document can have: what is longer, no session has written."""

_NAME = lazy_pattern(r"([1-9][0-9]{0,8})-(0|[1-9][0-9]{0,8})\.([0-9a-f]{8})\.json")


class State(StrEnum):
    """What a session does. It is over in every state but the first; one that was killed says `running` for ever."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ShardStatus(Written):
    """One session that scores shard `shard` of `shards`: the items `first` to `end` (exclusive) of the job.

    `counts` are of the items that this session has settled and published, but for `items`, which is how many it took
    on when it began; `before` is how many of its range others had settled by then. `time` is when this was written, by
    the clock of `host`, and `every` how many seconds after it, at the latest, it is written again while the session
    runs. `node` is the name that its logs and parts have; `error` why it failed.
    """

    format_version: Literal[1] = 1
    job: str
    shards: int = Field(ge=1, le=MOST)
    shard: int = Field(ge=0, le=MOST - 1)
    session: str = Field(pattern="^[0-9a-f]{8}$")
    node: str = ""
    first: int = Field(ge=0)
    end: int = Field(ge=0)
    host: str
    process: int = 0
    workers: int = Field(default=0, ge=0)
    state: State
    counts: Counts = Counts()
    before: int = Field(default=0, ge=0)
    items_per_second: float = Field(default=0, ge=0)
    started: datetime
    time: datetime
    every: float = Field(default=10, gt=0, le=86_400)
    warnings: tuple[str, ...] = ()
    error: JobError | None = None

    @property
    def left(self) -> int:
        """How many of the items that it took on have no result yet, nor failed."""
        return max(0, self.counts.items - self.counts.scored - self.counts.failed)


class Named(NamedTuple):
    """What the name of such a document says: shard `shard` of `shards`, and the session."""

    shards: int
    shard: int
    session: str


def name_of(status: ShardStatus) -> str:
    """Where a session's document stands below the folder of a prepared job."""
    return f"{FOLDER}/{status.shards}-{status.shard}.{status.session}.json"


def parsed(name: str) -> Named | None:
    """What a name in the folder `FOLDER` says; None for one that no session gives."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    named = Named(int(found[1]), int(found[2]), found[3])
    return named if named.shard < named.shards else None


def written(status: ShardStatus) -> bytes:
    """The document as bytes."""
    return (json.dumps(status.model_dump(mode="json"), sort_keys=True) + "\n").encode()


def read(content: bytes) -> ShardStatus | None:
    """What bytes say; None where they are no such document, or one of a later bep."""
    try:
        return ShardStatus.model_validate(json.loads(content))
    except (Invalid, ValueError, RecursionError):
        return None
