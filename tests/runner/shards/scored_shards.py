"""A prepared job in a share, and what shards of it have scored: cut from a run on this machine, which is compared."""

import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from bep.runner.errors import JobInvalid
from bep.runner.events import Event
from bep.runner.folder import journal, parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts, JobRecord, Status, read, save
from bep.runner.inputs import listing
from bep.runner.request import JobRequest
from bep.runner.segments import writing
from bep.runner.segments.format import Head
from bep.runner.segments.names import FOLDER, SegmentName
from bep.runner.shards import prepared, status
from bep.runner.shards.merging import Finishing, merge
from bep.runner.shards.prepared import Prepared, PreparedEnvironment, PreparedTarget
from bep.runner.shards.seen import Shared
from bep.runner.shards.status import ShardStatus, State
from bep.runner.shares.share import Share, share_at
from tests.runner.conftest import Jobs

HERE = Finishing(environment=dict(os.environ))
MOMENT = datetime(2026, 11, 27, 12, tzinfo=UTC)


@dataclass
class Scored:
    """`here` is the run that is cut; `record` is of the prepared job, in a folder of its own, as it was prepared."""

    here: JobRecord
    record: JobRecord
    share: Share
    root: Path
    events: list[Event] = field(default_factory=list)

    @property
    def shared(self) -> Shared:
        return Shared(self.share, self.record.name)

    @property
    def starts(self) -> Sequence[int]:
        listed = listing.recorded(JobFolder(self.here.folder), self.here)
        assert listed is not None
        return listed.starts

    def segment(self, first: int, end: int, session: str = "0a1b2c3d", attempt: int = 1) -> SegmentName:
        """Put the segment of these items in the share."""
        folder = JobFolder(self.here.folder)
        head = Head(self.here.manifest_digest, first, end, session, attempt, f"node-{session}")
        pieces, failures = tuple(parts.in_order(folder.parts)), tuple(journal.read(folder.journal))
        file = self.root / "segment"
        name = writing.write(file, head, pieces, failures, folder.parts)
        self.share.put(f"{self.record.name}/{FOLDER}/{name.text}", file)
        file.unlink()
        return name

    def cut(self, *mini_batches: int) -> list[SegmentName]:
        """Segments of all of it, cut before these mini-batches."""
        items = self.here.counts.items
        edges = [0, *(self.starts[number] for number in mini_batches), items]
        return [self.segment(first, end) for first, end in pairwise(edges)]

    def say(self, shard: int, shards: int, **changes: object) -> ShardStatus:
        """Put what a session says of itself in the share."""
        told = ShardStatus(
            job=self.record.name, shards=shards, shard=shard, session=f"{shard:04x}{shards:04x}", first=0,
            end=self.here.counts.items, host=f"host-{shard}", state=State.DONE, started=MOMENT, time=MOMENT,
        ).model_copy(update=changes)  # fmt: skip
        self.share.put(f"{self.record.name}/{status.name_of(told)}", status.written(told))
        return told

    def merge(self, finishing: Finishing = HERE, cancel: threading.Event | None = None) -> JobRecord:
        """Merge it in this process."""
        how = cancel or threading.Event()
        return merge(self.record.folder, self.shared, finishing, report=self.events.append, cancel=how)

    def refusal(self) -> JobInvalid:
        """Why it cannot be merged."""
        try:
            self.merge()
        except JobInvalid as refusal:
            return refusal
        raise AssertionError("it was merged")

    @property
    def now(self) -> JobRecord:
        """The record as it is written."""
        return read(JobFolder(self.record.folder))


def scored(jobs: Jobs, request: JobRequest, share: str = "") -> Scored:
    """Run the request here, and prepare the same job in a share, of which no shard has scored anything."""
    root = jobs.root / "apart"
    here = jobs.run(request)
    return prepared_from(here, root / "jobs" / here.name, root / "outputs", share or str(root / "share"))


def prepared_from(here: JobRecord, place: Path, output: Path, share: str) -> Scored:
    """The same job as one that was run, in a folder of its own, prepared in a share."""
    folder, name = JobFolder(place), place.name
    folder.make()
    for file in Path(here.folder).glob("manifest*"):
        shutil.copy(file, folder.path)
    record = here.model_copy(
        update={
            "name": name,
            "status": Status.NOT_STARTED,
            "folder": folder.path,
            "output_folder": output,
            "output_text": str(output),
            "output_file": here.output_file and output / here.output_file.name,
            "counts": Counts(items=here.counts.items, mini_batches=here.counts.mini_batches),
            "started": None, "finished": None, "seconds": 0, "failures": (), "warnings": (), "error": None,
            "share": share,
        }
    )  # fmt: skip
    save(record)
    if "://" not in share:
        Path(share).mkdir(exist_ok=True)
    there = share_at(share, place)
    there.put(f"{name}/{prepared.DOCUMENT}", prepared.written(_document(here, name)))
    for file in folder.path.glob("manifest*"):
        there.put(f"{name}/{file.name}", file)
    return Scored(here, record, there, place)


def _document(here: JobRecord, name: str) -> Prepared:
    target = PreparedTarget(
        endpoint=here.target.endpoint,
        deployment=here.target.deployment,
        deployment_digest=here.target.deployment_digest,
        model={},
        scoring_script=here.target.scoring_script,
        environment=PreparedEnvironment(label="here"),
    )
    return Prepared(
        name=name, created=here.created, target=target, settings=here.settings, inputs=here.inputs,
        counts=Counts(items=here.counts.items, mini_batches=here.counts.mini_batches),
        manifest_digest=here.manifest_digest, sources_digest="0" * 64, stride=here.settings.mini_batch_size,
    )  # fmt: skip
