"""The job record, `job.json`: what a job was, how it went, and why. Knows how to read and write itself, no more."""

import json
import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar

from bep.disk.durable import write_durably
from bep.runner.errors import JobInvalid
from bep.runner.folder.folder import JobFolder
from bep.runner.request import RayCluster, ScoringTarget, Settings
from bep.schemas.values.written import Field, Invalid, Written


class Status(StrEnum):
    """The values of the compatible service (its job status enumeration), in the order of a job's life."""

    NOT_STARTED = "NotStarted"
    STARTING = "Starting"
    PROVISIONING = "Provisioning"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    NOT_RESPONDING = "NotResponding"
    PAUSED = "Paused"
    UNKNOWN = "Unknown"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless someone resumes."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.NOT_RESPONDING, Status.PAUSED)


class Counts(Written):
    """Of items unless the name says otherwise. `rows` are results: a run() may return more or fewer than its files;
    `splits` are mini-batches that were split to find the bad files."""

    items: int = Field(default=0, ge=0)
    scored: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    rows: int = Field(default=0, ge=0)
    mini_batches: int = Field(default=0, ge=0)
    retries: int = Field(default=0, ge=0)
    splits: int = Field(default=0, ge=0)
    workers_lost: int = Field(default=0, ge=0)


class JobError(Written):
    """Why a job failed. `traceback` is the script's own, `log` a path under the job's folder, `fix` what to do."""

    code: str
    message: str
    traceback: str = ""
    files: tuple[str, ...] = ()
    log: str = ""
    fix: str = ""


def error_of(code: str, text: str) -> JobError:
    """What is said of an error: its text, and apart from that its way out, where it names one on a line of its own."""
    from bep.schemas.fixes import parted

    message, fix = parted(text)
    return JobError(code=code, message=message, fix=fix)


class JobRecord(Written):
    """One job. `target` has the names of the environment variables without their values, which may be secrets; the
    addresses in `inputs` and `output_address` have the secrets in them redacted.

    `workspace` is the folder that the job's own paths lie in; `moved_from` where it was begun, if that folder was moved
    or copied since: what it has written is found where it is now, its inputs stand in the manifest as they were.
    `rewrites` is set from the moment a completed job's failed items are scored again until it completes once more: the
    output that is there is its own, and is replaced by the new one. `given_variables` names the environment variables
    whose values the job itself was given: the deployment's values, if it has any of those names, are not the job's.
    `engine` hosts its workers in every run of it; a record without it is of the time when there was one only.
    `share` is the address, its secrets hidden, of the share that a job was prepared in for other machines to score.
    `cluster` is where the engine `ray` scores it.
    """

    format_version: Literal[1] = 1
    name: str
    status: Status
    target: ScoringTarget
    settings: Settings
    overrides: dict[str, Any] = Field(default_factory=dict)
    inputs: tuple[str, ...]
    input_type: str = ""
    partition_format: str = ""
    input_text: str
    manifest_digest: str = ""
    folder: Path
    output_folder: Path
    output_text: str
    output_file: Path | None = None
    output_address: str = ""
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float = 0
    counts: Counts = Counts()
    warnings: tuple[str, ...] = ()
    failures: tuple[JobError, ...] = ()
    error: JobError | None = None
    process: int = 0
    runs: int = 1
    earlier_deployments: tuple[str, ...] = ()
    rewrites: bool = False
    workspace: Path | None = None
    moved_from: Path | None = None
    given_variables: tuple[str, ...] = ()
    engine: str = "embedded"
    share: str = ""
    cluster: RayCluster | None = None

    @property
    def is_in_share(self) -> bool:
        """Whether all that there is of it is in its share: it was prepared, or was to be, and nothing is merged yet."""
        is_merged = self.status is Status.COMPLETED or self.counts.scored or self.counts.failed
        return bool(self.share) and not is_merged

    @property
    def is_prepared(self) -> bool:
        """Whether it waits, prepared, for other machines to score it."""
        return self.is_in_share and self.status is Status.NOT_STARTED

    @property
    def output_place(self) -> str:
        """Where the output is once the job is complete: the file if there is one, else the folder."""
        if self.output_address:
            return f"{self.output_address.rstrip('/')}/{self.output_file.name if self.output_file else ''}"
        return str(self.output_file or self.output_folder)


def save(record: JobRecord) -> None:
    """Write the record so that it is never seen half-written."""
    text = json.dumps(record.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=True) + "\n"
    write_durably(JobFolder(record.folder).record, text.encode())


def load(path: Path) -> JobRecord:
    """Read a job's record; one whose runner is gone is shown as NotResponding. Raises `JobInvalid`."""
    folder = JobFolder(path)
    record = read(folder)
    if record.status.is_final or record.is_prepared or folder.is_held():
        return record
    record = read(folder)  # it may have finished between the two looks
    if record.status.is_final or record.is_prepared:
        return record
    message = f"process {record.process}, which ran the job, is gone; what it scored is kept"
    if record.is_in_share:
        message = f"process {record.process}, which prepared or merged the job, is gone; the same once more goes on"
    gone = JobError(code="RunnerGone", message=message)
    return record.model_copy(update={"status": Status.NOT_RESPONDING, "error": gone})


def read(folder: JobFolder) -> JobRecord:
    """The record as it was last written, its paths those of today. Raises `JobInvalid`."""
    try:
        # Not `model_validate_json`: it refuses the names of files that are no text, which messages may hold.
        record = JobRecord.model_validate(json.loads(folder.record.read_bytes()))
    except FileNotFoundError:
        raise JobInvalid(f"{folder.path} is not a job's folder: it has no job.json") from None
    except Invalid as error:
        raise JobInvalid(f"{folder.record} is damaged: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise JobInvalid(f"{folder.record} is damaged: {error}") from None
    if record.name != folder.path.name:
        raise JobInvalid(f"{folder.record} is damaged: it names another job, {record.name}")
    return where_it_is(record, folder.path)


_Record = TypeVar("_Record", bound=JobRecord)


def where_it_is(record: _Record, path: Path) -> _Record:
    """The record of a job that was found in the folder `path`, whether or not it was written there."""
    path, root = path.absolute(), record.workspace
    if record.folder == path:
        return record
    below = record.folder.relative_to(root).parts if root and record.folder.is_relative_to(root) else ()
    if root is None or not below or path.parts[-len(below) :] != below:
        return record.model_copy(update={"folder": path})
    here, begun = Path(*path.parts[: -len(below)]), record.moved_from or root

    def today(place: Path) -> Path:
        plain = Path(os.path.normpath(place))
        return here / plain.relative_to(root) if plain.is_relative_to(root) else plain

    return record.model_copy(
        update={
            "folder": path,
            "output_folder": today(record.output_folder),
            "output_file": record.output_file and today(record.output_file),
            "workspace": here,
            "moved_from": begun if begun != here else None,
        }
    )


def must_be_home(record: JobRecord) -> None:
    """Raise `JobInvalid` for a job that was begun where its workspace is no more: its manifest names files there."""
    if record.moved_from is not None:
        raise JobInvalid(
            f"{record.name} was begun in {record.moved_from} and names its inputs there; it cannot go on in"
            f" {record.workspace}. Run the job anew, or go on where it was begun"
        )


def pinned(target: ScoringTarget) -> ScoringTarget:
    """The target as a record may hold it: names of variables, no values."""
    return target.model_copy(update={"environment_variables": dict.fromkeys(target.environment_variables, "")})
