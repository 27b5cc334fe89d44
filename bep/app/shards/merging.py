"""A prepared job, merged: in the workspace that prepared it, or in another one, which gets a record of it then."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.app.job_records import jobs_folder
from bep.app.jobs.service import Watch, tell_of_end
from bep.app.shards.finding import Found, found
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.next_step import again

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord
    from bep.runner.shards.merging import Finishing
    from bep.runner.shards.seen import Shared


@dataclass(frozen=True)
class Asked:
    """Which job, in which share (None for the one that its record knows), and where its output is to go in a workspace
    that did not prepare it."""

    name: str
    share: str | None = None
    output_path: str | None = None


def merged(opened: "Reading", asked: Asked, watch: Watch) -> "JobRecord":
    """Merge what shards have scored, and finish the job as one that was scored here.

    A completed job is returned as it is. Raises `JobInvalid` with nothing changed where something is missing, and
    `KeyboardInterrupt` when `watch` stops it before everything is here: the next time goes on with what was fetched.
    """
    from bep.app.workspace.write_access import must_keep_jobs
    from bep.runner.shards.missing import RangesMissing

    there = found(opened, asked.name, asked.share, watch.report)
    must_keep_jobs(opened)
    record = there.record
    if record is not None and asked.output_path not in (None, record.output_text):
        raise Refused(f"{record.name} has a record here, by which its output goes to {record.output_text}")
    before = record and record.status
    try:
        ended = _merged(opened, asked, there, watch)
    except RangesMissing as missing:
        raise Refused(str(missing), next=missing.next) from None
    if before != ended.status:
        tell_of_end(opened, ended, watch)
    return ended


def _merged(opened: "Reading", asked: Asked, there: Found, watch: Watch) -> "JobRecord":
    from bep.runner.errors import Cancelled
    from bep.runner.shards.merging import merge

    shared, kept = there.shared, "leaving off; what was fetched is kept"
    with (
        _with_record(opened, asked, there) as record,
        _finishing(opened, record, shared, watch) as finishing,
        watch.stopping(kept) as cancel,
    ):
        try:
            return merge(record.folder, shared, finishing, report=watch.report, cancel=cancel)
        except Cancelled:
            raise KeyboardInterrupt from None


@contextmanager
def _with_record(opened: "Reading", asked: Asked, there: Found) -> "Iterator[JobRecord]":
    """The record of the job here; one that is made for it goes again where nothing is merged."""
    if there.record is not None:
        yield there.record
        return
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.folder import JobFolder
    from bep.runner.folder.removing import remove
    from bep.runner.shards.adopting import adopt

    shared = there.shared
    if asked.output_path is None:
        shared.document()  # where the share has none of that name, that is the reason
        say = again(output_path="FOLDER")
        raise Refused(
            f"{shared.name} was prepared in another workspace, which knows where its output goes\n"
            f"    fix: merge it there, or {say} to merge it here",
            next=(say,),
        )
    folder = JobFolder(jobs_folder(opened.home) / shared.name)
    record = adopt(shared, folder, opened.root / asked.output_path, asked.output_path, opened.root)
    try:
        yield record
    except JobInvalid:
        with folder.held():
            remove(folder)
        raise


@contextmanager
def _finishing(opened: "Reading", record: "JobRecord", shared: "Shared", watch: Watch) -> "Iterator[Finishing]":
    """What the last steps need: the environment, where its Python has to write the output, found or built here."""
    from bep.app.jobs.requests.locating import output_again
    from bep.runner.shards.merging import Finishing
    from bep.runner.worker.results.formats import FORMATS

    known = Finishing(dict(opened.environment), None, output_again(opened, record))
    converts = FORMATS[record.settings.output_format].finish is not None
    if not converts or record.status == "Completed" or _has_interpreter(record):
        yield known
        return
    from bep.app.shards.environment import environment_of

    with tempfile.TemporaryDirectory(prefix="bep-merge-") as scratch:
        ready = environment_of(shared.document(), shared.share, Path(scratch), opened.environment, watch.say)
        yield replace(known, interpreter=ready.interpreter)


def _has_interpreter(record: "JobRecord") -> bool:
    """Whether this machine has what its scripts run in: a record of a prepared job names nothing."""
    known = record.target.interpreter
    return bool(known) and os.path.lexists(known[0])
