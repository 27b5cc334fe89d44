"""Where a job is at this moment: its status and counts, how fast, how long still, and what each worker has. Reads its
record and the one small file that its runner keeps; its journals only where nobody keeps that."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.lazy_dataclasses import dataclass, replace

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.events import Progress, Transferring, WorkerState
    from bep.runner.folder.record import JobRecord
    from bep.runner.inputs.manifest import Manifest
    from bep.runner.reporting.live import Live

QUIET: Final = 10.0
"""Seconds without a word from its runner after which a job is called quiet."""
_FILES: Final = 3
_WORKING: Final = frozenset(("Starting", "Preparing", "Running", "Finalizing", "CancelRequested"))


@dataclass(frozen=True, slots=True)
class Held:
    """A mini-batch that a worker has: its `number` from 1, its items from `first` on, the names of the first few."""

    number: int
    first: int
    items: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """One worker: `node` is the instance that it counts to; what it does, for how many `seconds`, of the `limit` that
    it has for that (None: none); the mini-batch that it has, and the bytes that it holds, None where nobody knows."""

    name: str
    node: str
    state: str
    seconds: float
    limit: float | None
    held: Held | None
    memory: int | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Items a second, so many seconds after the run began."""

    elapsed: float
    items_per_second: float


@dataclass(frozen=True, slots=True)
class Now:
    """A job now. `record` has the counts of this moment. `items_per_second` is of the last seconds of a job that runs,
    and of all its time for one that is over; `eta` is seconds.

    `quiet` is for how many seconds a job that should run has told nothing; `doing` what it does before it scores, or
    what a cluster has not given it yet, and `waiting` behind whom it stands in line.
    """

    record: "JobRecord"
    items_per_second: float | None = None
    eta: float | None = None
    workers: int = 0
    workers_ready: int = 0
    memory: int | None = None
    lanes: tuple[Lane, ...] = ()
    rates: tuple[Rate, ...] = ()
    doing: str = ""
    quiet: float | None = None
    waiting: str = ""

    @property
    def done(self) -> int:
        """Items that are scored or have failed."""
        return self.record.counts.scored + self.record.counts.failed

    @property
    def share(self) -> float:
        """From 0 to 1; of a job without items 0."""
        items = self.record.counts.items
        return min(1.0, self.done / items) if items else 0.0


def progress_of(opened: "Reading", name: str) -> Now:
    """A job of a workspace now. Raises `NotFound`, `JobInvalid`."""
    from bep.app.jobs.service import jobs_of
    from bep.app.jobs.summaries import page_of

    jobs = jobs_of(opened)
    record = _here(opened, name)
    if record is None:
        record = jobs.get(name)
    if page_of(record) is not None:
        return Now(record)
    return replace(now_of(record, time.time()), waiting=_waiting(opened, record))


def _waiting(opened: "Reading", record: "JobRecord") -> str:
    """How it stands in the line of its compute with a job that is not its turn, in words; empty for any other."""
    from bep.app.queue.place import file_of

    if (record.status in _WORKING and record.status != "Preparing") or not file_of(opened.home).exists():
        return ""
    from bep.app.jobs.in_line.wanting import capacity_of
    from bep.app.queue.line import WAITING, turn_of
    from bep.app.queue.queue import Queue

    tickets = Queue(opened.home).tickets()
    mine = next((one for one in tickets if one.job == record.name and one.state == WAITING), None)
    return str(turn_of(tickets, mine, capacity_of(opened, mine.compute))) if mine is not None else ""


def _here(opened: "Reading", name: str) -> "JobRecord | None":
    """The record of a job of this machine that runs and says where it is: its journals need not be read then."""
    from bep.app.job_records import jobs_folder
    from bep.providers.worlds import SERVING
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.record import load
    from bep.runner.reporting import live

    if opened.glanced.provider in SERVING or "/" in name or name in ("", ".", "..") or "\0" in name:
        return None
    folder = jobs_folder(opened.home) / name
    if not (folder / live.NAME).is_file():
        return None
    try:
        record = load(folder)
    except JobInvalid:
        return None
    return None if record.status.is_final else record


def now_of(record: "JobRecord", wall: float) -> Now:
    """The same from a record. `wall` is the time of day, in seconds."""
    from bep.runner.reporting.live import read

    told = read(record.folder) if record.status in _WORKING else None
    if told is None:
        return Now(record, items_per_second=_average(record))
    if told.progress is None:
        return Now(record, doing=_transfer(told.transferring), quiet=_quiet(told, wall))
    progress = told.progress
    counts = record.counts.model_copy(
        update={
            "items": progress.items,
            "scored": progress.scored,
            "failed": progress.failed,
            "retries": progress.retries,
            "workers_lost": progress.workers_lost,
        }
    )
    age = max(0.0, wall - told.moment)
    seconds = round(record.seconds + progress.elapsed + age, 3)
    return Now(
        record.model_copy(update={"counts": counts, "seconds": seconds}),
        items_per_second=progress.items_per_second,
        eta=None if progress.eta is None else max(0.0, progress.eta - age),
        workers=progress.workers,
        workers_ready=progress.workers_ready,
        memory=progress.memory,
        lanes=_lanes(record, progress, age),
        rates=tuple(Rate(one.elapsed, one.items_per_second) for one in told.readings),
        doing=f"waiting for the cluster: {progress.waits_for}" if progress.waits_for else "",
        quiet=_quiet(told, wall),
    )


def _average(record: "JobRecord") -> float | None:
    done = record.counts.scored + record.counts.failed
    return done / record.seconds if record.status.is_final and record.seconds and done else None


def _quiet(told: "Live", wall: float) -> float | None:
    age = wall - told.moment
    return age if age > QUIET else None


def _transfer(told: "Transferring | None") -> str:
    if told is None:
        return ""
    return f"{told.doing}: {told.files:,} of {told.of_files:,} files"


def _lanes(record: "JobRecord", progress: "Progress", age: float) -> tuple[Lane, ...]:
    listed = _listed(record)
    starts = listed.starts if listed is not None else ()
    settings = record.settings
    limits = {"preparing": settings.init_timeout, "scoring": settings.timeout}
    return tuple(
        Lane(
            state.name,
            state.node,
            state.state,
            state.seconds + age,
            limits.get(state.state),
            _held(state, listed, starts),
            state.memory,
        )
        for state in progress.worker_states
    )


def _listed(record: "JobRecord") -> "Manifest | None":
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.folder import JobFolder
    from bep.runner.inputs import listing

    try:
        return listing.recorded(JobFolder(record.folder), record)
    except JobInvalid:
        return None


def _held(state: "WorkerState", listed: "Manifest | None", starts: Sequence[int]) -> Held | None:
    """The mini-batch that has this item. One that was split is a part of it: its own items are not known here."""
    from bisect import bisect_right

    from bep.runner.errors import JobInvalid

    if state.item is None or listed is None or not len(starts):
        return None
    number = bisect_right(starts, state.item)
    end = starts[number] if number < len(starts) else listed.items
    items = end - state.item
    try:
        files = listed.names(state.item, min(items, _FILES))
    except (JobInvalid, OSError):
        files = ()
    return Held(number, state.item, items, files)


class Signs:
    """What tells, without reading a thing, that a job has something new to say: the times of its files."""

    def __init__(self, folder: Path) -> None:
        from bep.runner.reporting.live import NAME

        self._files = (folder / "job.json", folder / NAME)

    def now(self) -> tuple[tuple[int, int], ...]:
        """The same value as long as nothing was written."""
        return tuple(map(_sign, self._files))


def _sign(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
