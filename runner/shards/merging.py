"""Merges a prepared job: what its shards have scored becomes what a run here would have left, and the job is finished
in the ordinary way. Prints nothing.

Everything is fetched into a folder of its own, and becomes the job's parts by one rename. A kill before it leaves a job
that can be merged again, and after it one that only has to be finished.
"""

import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bep.disk.durable import replacing, sync_folder
from bep.lazy_dataclasses import dataclass
from bep.runner.errors import JobInvalid, NotShared, NotUploaded, ShareRefused
from bep.runner.events import Event
from bep.runner.folder import merged, parts
from bep.runner.folder.folder import JobFolder, wait_for_parts
from bep.runner.folder.journal import line_of
from bep.runner.folder.record import Counts, JobRecord, Status, must_be_home, read, save
from bep.runner.inputs import listing
from bep.runner.inputs.manifest import Manifest
from bep.runner.jobs import resuming
from bep.runner.jobs.running import requested, started_by, tidy
from bep.runner.jobs.steps import Job
from bep.runner.jobs.totals import history_of
from bep.runner.outputs import publishing
from bep.runner.request import JobRequest
from bep.runner.segments import names
from bep.runner.shards.bringing import bring_logs, bring_own_files
from bep.runner.shards.collecting import Collected, Collection, is_ruined
from bep.runner.shards.missing import ranges_missing
from bep.runner.shards.seen import Shared
from bep.runner.shards.showing import Settled, overview
from bep.runner.shards.status import ShardStatus
from bep.runner.transfer.transfers import Board
from bep.schemas.next_step import step

_MERGING: Final = "merging"
_NOTHING_TO_START: Final = ("",)  # a record of a prepared job names no interpreter, and what is merged is not scored
_ORPHANS: Final = 10.0  # seconds that the kernel gets to end the workers of a runner that was killed
_BEGINNING: Final = 1 << 12  # bytes of a segment that have its header


@dataclass(frozen=True, slots=True)
class Finishing:
    """What the last steps need of this machine. `interpreter` starts the environment's Python, None for the one that
    the record has; `output_address` is the store's where the record had to hide something of it."""

    environment: Mapping[str, str] | None = None
    interpreter: tuple[str, ...] | None = None
    output_address: str | None = None


def merge(
    path: Path, shared: Shared, finishing: Finishing, *, report: Callable[[Event], None], cancel: threading.Event
) -> JobRecord:
    """Merge the prepared job in the folder `path` with what is in its share. The record says how it went.

    A completed job is returned as it is. Where ranges are missing (`RangesMissing`), the output is there already
    (`OutputExists`), the share refuses (`ShareRefused`) or has another job of that name, nothing is changed. Raises
    `JobBusy`, `JobInvalid`, `Cancelled`, `OSError`; the next time goes on with what was fetched.
    """
    folder = JobFolder(path)
    read(folder)  # a lock is made for jobs only
    with folder.held():
        record = read(folder)
        if record.status is Status.COMPLETED:
            tidy(folder, record)
            return record
        must_be_home(record)
        listed = listing.recorded(folder, record)
        if listed is None:
            raise JobInvalid(f"{record.name} has not listed its inputs, and so was not prepared: run it")
        folder.make()
        _sweep(folder.path)
        record = started_by(record, finishing.interpreter or record.target.interpreter or _NOTHING_TO_START)
        # nothing is scored, so the values of its variables are not asked for
        request = requested(record, {}, finishing.environment, finishing.output_address)
        if parts.numbers(folder.parts):
            _must_have_all(folder, record, listed)
        else:
            record = _Merge(folder, record, request, shared, listed, report, cancel).bring()
        shutil.rmtree(folder.path / _MERGING, ignore_errors=True)
        again = record.model_copy(update={"process": os.getpid(), "error": None})
        return Job(folder, request, again, report, cancel).run()


def _sweep(folder: Path) -> None:
    """Remove what a merge that was killed had begun to write. Nobody else writes there now."""
    for left in folder.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def _must_have_all(folder: JobFolder, record: JobRecord, listed: Manifest) -> None:
    """Raise `JobInvalid` for a job that was merged and then begun to be scored again here."""
    wait_for_parts(folder.parts, _ORPHANS)
    parts.verify(folder.parts)
    if resuming.backlog(folder, listed, history_of(folder, record.settings)).calls:
        resume = step("job resume", record.name)
        raise JobInvalid(f"{record.name} was merged already, and is being scored again here: {resume} goes on", resume)


@dataclass(frozen=True, slots=True)
class _Merge:
    """What the steps of one merge share."""

    folder: JobFolder
    record: JobRecord
    request: JobRequest
    shared: Shared
    listed: Manifest
    report: Callable[[Event], None]
    cancel: threading.Event

    def bring(self) -> JobRecord:
        """Make the job's folder what it would be had all been scored here; the record of that, saved."""
        publishing.is_published(self.record, self.request, self.folder, self._board("looking at the store"))
        self.shared.must_have(self.listed.digest)
        going = self.folder.path / _MERGING
        board = self._board("fetching what shards have scored")
        collection = Collection(self.shared, going / "ranges", self.listed.items, self.listed.digest, board)
        going.mkdir(exist_ok=True)
        found = collection.collect()
        sessions = self.shared.sessions()
        if found.cover.missing:
            self._refuse(found, sessions)
        bring_logs(self.shared, self.folder.logs, going / "logs", self._board("fetching logs"))
        target = self.request.output_folder
        bring_own_files(
            self.shared, target, self.record.name, going / "own", self._board("fetching the script's files")
        )
        self._write_failures(collection, found)
        record = self._counted(found, sessions)
        save(record)
        self._commit(collection, found, going / "parts")
        return record

    def _board(self, doing: str) -> Board:
        invalid = NotUploaded if doing == "looking at the store" else ShareRefused
        return Board(doing, invalid, self.cancel, self.report)

    def _refuse(self, found: Collected, sessions: Sequence[ShardStatus]) -> None:
        """Raise `RangesMissing`. What is ruined goes first: whoever is to score its range would find it there."""
        told = list(found.warnings)
        for name in found.ruined:
            place = self.shared.place(f"{names.FOLDER}/{name.text}")
            try:
                beginning = self.shared.share.read(place, 0, _BEGINNING)
            except NotShared:
                continue
            if is_ruined(beginning, self.listed.digest):
                self.shared.share.remove(place)
                told.append(f"{name.text} was removed, so that its range is scored again")
        settled = [Settled(one.first, one.end, one.segment.failed) for one in found.cover.chosen]
        seen = overview(self.listed.items, self.listed.starts, settled, sessions, datetime.now(UTC))
        raise ranges_missing(self.record.name, self.shared.share.address, seen, self.listed.starts, told)

    def _write_failures(self, collection: Collection, found: Collected) -> None:
        with replacing(self.folder.journal) as file:
            file.writelines(map(line_of, collection.failures(found.cover.chosen)))

    def _counted(self, found: Collected, sessions: Sequence[ShardStatus]) -> JobRecord:
        """The record with what only the shards know: attempts, workers lost, and when somebody worked."""
        history = history_of(self.folder, self.record.settings)
        counted = {"retries": history.retries, "splits": history.splits}
        lost = sum(one.counts.workers_lost for one in sessions)
        counts: Counts = self.record.counts.model_copy(update={**counted, "workers_lost": lost})
        warnings = (*self.record.warnings, *(warning for one in sessions for warning in one.warnings), *found.warnings)
        return self.record.model_copy(
            update={
                "counts": counts,
                "warnings": tuple(dict.fromkeys(warnings)),
                "started": min((one.started for one in sessions), default=self.record.started),
                "seconds": round(self.record.seconds + worked(sessions), 3),
            }
        )

    def _commit(self, collection: Collection, found: Collected, laid: Path) -> None:
        """The one step by which the job is merged is the rename."""
        shutil.rmtree(laid, ignore_errors=True)
        laid.mkdir()
        merged.write(laid, collection.lay_out(found.cover.chosen, laid))
        sync_folder(laid)
        shutil.rmtree(self.folder.parts)
        laid.rename(self.folder.parts)
        sync_folder(self.folder.path)


def worked(sessions: Sequence[ShardStatus]) -> float:
    """Seconds in which at least one session was at work, as far as they have said."""
    total, reached = 0.0, float("-inf")
    for began, ended in sorted((one.started.timestamp(), one.time.timestamp()) for one in sessions):
        total += max(0.0, ended - max(began, reached))
        reached = max(reached, ended)
    return total
