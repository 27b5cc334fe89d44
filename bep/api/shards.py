"""Shards of prepared jobs from Python, scored where there is no workspace. Decides nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Self

from bep.api.job_values import JobFailure
from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.jobs.events import Event
    from bep.app.shards.scoring import ShardStatus


@dataclass(frozen=True)
class ScoredShard:
    """What one session has done of shard `shard` of `shards`: the items `first` to `end`, exclusive, of the job.

    `state` is done, failed or cancelled. It took on `items`, for `before` were settled by others; `left` of them are
    neither scored nor failed. What is scored is in the share, whatever the state.
    """

    job: str
    shard: int
    shards: int
    state: str
    first: int
    end: int
    items: int
    scored: int
    failed: int
    left: int
    before: int
    warnings: tuple[str, ...]
    error: JobFailure | None
    _status: "ShardStatus" = field(repr=False, compare=False)

    @classmethod
    def of(cls, status: "ShardStatus") -> Self:
        """What a session says of itself."""
        counts, error = status.counts, status.error
        return cls(
            status.job,
            status.shard,
            status.shards,
            status.state.value,
            status.first,
            status.end,
            counts.items,
            counts.scored,
            counts.failed,
            status.left,
            status.before,
            status.warnings,
            JobFailure(error.code, error.message, error.traceback, error.files, error.fix) if error else None,
            status,
        )

    def as_json(self) -> dict[str, Any]:
        """As `bep run --shard -o json` has it."""
        from bep.app.shards.scoring import summary_of

        return summary_of(self._status)

    def check(self) -> Self:
        """Itself. Raises `ShardNotDone` unless all of the shard is settled."""
        if self.state == "done":
            return self
        from bep.api.errors import ShardNotDone

        raise ShardNotDone(self)


def score_shard(
    shard: str,
    *,
    share: str | Path,
    name: str = "",
    workers: int | None = None,
    variables: Mapping[str, str] | None = None,
    on_event: "Callable[[Event | str], None] | None" = None,
    stop: Flag | None = None,
) -> ScoredShard:
    """Score what nobody has scored of a shard, `"3/8"` or `"auto/8"`, of a prepared job in a share; no workspace is
    needed.

    `name` says which job, where the share has several. `workers` is how many processes there are here, whatever the
    job says; `variables` have values of secret variables, which win over this process's own. `stop`, and
    `KeyboardInterrupt`, end it: what is settled is published. What became of it, done or not: `check()` raises for it.
    Raises `Refused`, `SpecsInvalid` where values are missing, `WorldFailed` for an environment that cannot be had.
    """
    from bep.api.errors import public_errors
    from bep.api.hosting import hosted_shard
    from bep.api.job_host import ShardOrder
    from bep.app.shards.scoring import Wanted

    wanted = Wanted(shard, str(share), name, workers, dict(variables or {}))
    with public_errors():
        return ScoredShard.of(hosted_shard(ShardOrder(Path.cwd(), wanted), on_event, stop))
