"""How far all shards of a prepared job are, from a listing of its share and what sessions say. Reads no segment."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bep.app.shards.finding import found
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord
    from bep.runner.shards.showing import Overview
    from bep.schemas.next_step import Step


@dataclass(frozen=True)
class Shards:
    """A prepared job in its share at `address`; `record` is None in a workspace that did not prepare it. `steps` score
    what nobody works on, each with the items that it is for."""

    name: str
    address: str
    record: "JobRecord | None"
    overview: "Overview"
    steps: "tuple[tuple[str, Step], ...]"

    @property
    def counted(self) -> "JobRecord | None":
        """The record with the counts of its shards."""
        seen, record = self.overview, self.record
        if record is None:
            return None
        counts = record.counts.model_copy(update={"scored": seen.scored, "failed": seen.failed})
        return record.model_copy(update={"counts": counts})

    def as_json(self) -> dict[str, Any]:
        """As scripts get it, beside the record."""
        return {"share": self.address, **self.overview.as_json()}


def shards_of(opened: "Reading", name: str, share: str | None) -> Shards:
    """Look. Raises as `finding.found`, `NotPrepared`, `ShareRefused`."""
    from bep.runner.shards.missing import scoring
    from bep.runner.shards.showing import by_shard

    there = found(opened, name, share)
    shared = there.shared
    document = shared.document()
    items, starts = document.counts.items, shared.starts(document)
    seen = shared.overview(starts, items, datetime.now(UTC))
    address = shared.share.address
    steps = tuple(
        (" and ".join(map(str, gaps)), scoring(shared.name, address, of))
        for of, gaps in by_shard(seen.waiting, seen.shards or 1, starts, items)
    )
    return Shards(shared.name, address, there.record, seen, steps)
