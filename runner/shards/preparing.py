"""Prepares a job in a share: lists its inputs, brings there what no other machine can see, and `job.json` last.

It may be killed at any step: until `job.json` is there nobody scores anything, and the same call goes on with what is
in the share already. A job that is prepared is never prepared as another one. Prints nothing; builds no environment.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bep.disk.copying import Original, digest
from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import (
    Cancelled,
    InputsInvalid,
    JobDamaged,
    JobInvalid,
    NotShared,
    NotUploaded,
    StoredBytesDamaged,
)
from bep.runner.events import Event
from bep.runner.folder import removing
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts, JobRecord, Status, error_of, read, save
from bep.runner.inputs import listing, partitions
from bep.runner.inputs.manifest import Manifest
from bep.runner.inputs.stamps import Stamping
from bep.runner.jobs import staging
from bep.runner.jobs.running import record_of
from bep.runner.outputs import publishing
from bep.runner.request import JobRequest
from bep.runner.shards import prepared as document
from bep.runner.shards.contents import Contents
from bep.runner.shards.prepared import Prepared, PreparedEnvironment, PreparedTarget, Uploads
from bep.runner.shards.uploading import File, Inputs, must_go_on, put_lists, upload_files
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board

_FIX = "choose another name, or remove the job here and its folder in the share"


@dataclass(frozen=True)
class Preparation:
    """What is to be prepared. `request` is the job with all of its values, its interpreter left empty.

    `model`, `code` (None without a scoring script) and `files` (of the environment) are by their relative names;
    `world` and `asks` say what the environment is built from. `folders` are seen by every machine at the same paths.
    """

    request: JobRequest
    model: Mapping[str, Original]
    code: Mapping[str, Original] | None
    files: Mapping[str, Original]
    label: str
    world: str
    asks: Mapping[str, Any] | None
    folders: tuple[Path, ...] = ()
    bep_version: str = ""


def prepare(
    wanted: Preparation, share: Share, *, report: Callable[[Event], None], cancel: threading.Event
) -> tuple[JobRecord, Prepared]:
    """Prepare a job, or go on with it where that was cut short; its record, and what is in the share.

    A job exists once its inputs are listed: before that nothing is left of it, and `JobInvalid` is raised for inputs
    that cannot be listed or an output that is there. Later the record says what went wrong. Raises `ShareRefused`,
    `JobBusy`, `Cancelled`; `JobInvalid` where the name is another job's, here or in the share.
    """
    folder = JobFolder(wanted.request.folder)
    if wanted.request.settings.output_action == "summary_only" and share.root is None:
        raise JobInvalid(
            f"output_action is summary_only, so the script writes its own files, and they need a folder that all"
            f" machines see; {share.address} is a store\n"
            "    fix: prepare it in a folder that all machines see"
        )
    with folder.held():
        record = _begun(folder, wanted.request, share)
        folder.make()
        steps = _Preparing(wanted, share, folder, record, report, cancel)
        try:
            return steps.carry_out()
        except (Cancelled, JobInvalid, OSError) as error:
            steps.end_by(error)
            raise


def _begun(folder: JobFolder, request: JobRequest, share: Share) -> JobRecord:
    """The record of a new job, or of the one that goes on. Raises `JobInvalid` where the name is another job's."""
    new = record_of(request).model_copy(update={"status": Status.PREPARING, "share": share.address})
    if not folder.record.exists():
        return new
    known = read(folder)
    if not known.is_in_share:
        raise JobInvalid(f"there is a job {request.name} already, in {request.folder}: choose another name")
    if known.share != share.address:
        raise JobInvalid(f"{request.name} is prepared in {known.share}, not in {share.address}\n    fix: {_FIX}")
    update = {"created": known.created, "manifest_digest": known.manifest_digest, "counts": known.counts}
    return new.model_copy(update=update)


@dataclass(slots=True)
class _Preparing:
    """What the steps share."""

    wanted: Preparation
    share: Share
    folder: JobFolder
    record: JobRecord
    report: Callable[[Event], None]
    cancel: threading.Event
    known: Prepared | None = None
    uploads: Uploads = field(default_factory=Uploads)

    def carry_out(self) -> tuple[JobRecord, Prepared]:
        """Every step."""
        name = self.record.name
        self.known = self._known()
        if self.known is None:
            publishing.is_published(self.record, self.wanted.request, self.folder, self._board("", NotUploaded))
            listed = self._listed()
            counts = Counts(items=listed.items, mini_batches=len(listed.starts))
            self._become(Status.PREPARING, counts=counts, manifest_digest=listed.digest)
        else:
            listed = self._listed_before(self.known)
        stamping = Stamping(self.folder, listed)
        try:
            contents = Contents(self.share, name)
            target = self._target(contents)
            sources = self._sources(listed, contents)
        finally:
            stamping.close(wait=False)
        found = self._document(listed, target, sources)
        self._put(found, sources)
        sources.unlink()
        self._become(Status.NOT_STARTED, process=0)
        return self.record, found

    def end_by(self, error: Exception) -> None:
        """Leave nothing of a job that never was, and say of another one why it is not prepared."""
        staging.take_back(self.folder)
        if not self.record.manifest_digest and self.known is None and not isinstance(error, OSError):
            removing.remove(self.folder)
        elif self.known is not None:
            return  # it is prepared, and its record stays as it is
        elif isinstance(error, Cancelled):
            self._become(Status.CANCELED)
        elif isinstance(error, JobInvalid):
            self._become(Status.FAILED, error=error_of(error.code, str(error)))

    def _known(self) -> Prepared | None:
        """What the share has of this job already. Raises `JobInvalid` where that was not prepared here."""
        name, address = self.record.name, self.share.address
        try:
            found = document.read(self.share.read(f"{name}/{document.DOCUMENT}"), name, address)
        except NotShared:
            return None
        if found.manifest_digest != self.record.manifest_digest:
            raise JobInvalid(
                f"{address} has a prepared job {name} already, which is not this workspace's\n    fix: {_FIX}"
            )
        return found

    def _board(self, doing: str, invalid: type[JobInvalid]) -> Board:
        return Board(doing, invalid, self.cancel, self.report)

    def _listed(self) -> Manifest:
        """The inputs, listed now: whatever an earlier run has listed, nobody has scored it."""
        request, folder = self.wanted.request, self.folder
        if not request.inputs:
            raise InputsInvalid("the job has no inputs")
        folder.index.unlink(missing_ok=True)
        staging.keep(folder, request.stored, request.share)
        staging.take_back_of_dead(folder.path.parent)
        self._become(Status.PREPARING, manifest_digest="", counts=Counts())
        staging.give(folder, self._board("copying registered data", StoredBytesDamaged))
        try:
            downloads = request.cache or folder.downloads
            return listing.write(request, folder, downloads, self._board("fetching inputs", InputsInvalid))
        finally:
            staging.take_back(folder)

    def _listed_before(self, known: Prepared) -> Manifest:
        """The inputs as they were when the job was prepared. Raises `JobDamaged`."""
        folder = self.folder
        try:
            groups = partitions.read(folder.partitions) if known.settings.partition_keys else None
        except (OSError, ValueError) as problem:
            raise JobDamaged(folder.partitions, problem) from None
        found = Manifest(folder.manifest, folder.index, known.counts.items, known.stride, known.manifest_digest, groups)
        found.verify()
        return found

    def _target(self, contents: Contents) -> PreparedTarget:
        """Bring model, code and the environment's files there; what they are."""
        wanted, target = self.wanted, self.wanted.request.target
        every = {"model": wanted.model, "code": wanted.code or {}, "environment": wanted.files}
        files = {
            part: {name: (os.fsencode(one.path), one.sha256) for name, one in of.items()} for part, of in every.items()
        }
        found = upload_files(files, contents, self._board("", StoredBytesDamaged))
        environment = PreparedEnvironment(
            label=wanted.label,
            world=wanted.world,
            asks=None if wanted.asks is None else dict(wanted.asks),
            files=found["environment"],
        )
        has_code = wanted.code is not None
        return document.target_of(target, found, environment, target.secret_variables, has_code=has_code)

    def _sources(self, listed: Manifest, contents: Contents) -> Path:
        """Bring the inputs there that no other machine can see; the file that says of each where it is."""
        path = self.folder.path / document.SOURCES
        roots = [*([self.share.root] if self.share.root else []), *self.wanted.folders]
        inputs = Inputs(listed, roots, self._given())
        self.uploads = inputs.upload(path, contents, self._board("", InputsInvalid))
        return path

    def _given(self) -> dict[bytes, File]:
        """What is stored of registered data, by the name that its copy has in the manifest."""
        assets = self.folder.assets
        return {
            os.fsencode(assets / of / name): (os.fsencode(one.path), one.sha256)
            for of, files in self.wanted.request.stored.items()
            for name, one in files.items()
        }

    def _document(self, listed: Manifest, target: PreparedTarget, sources: Path) -> Prepared:
        """What the share is to say; as it says it already where the job is prepared. Raises where that is another."""
        record = self.record
        found = document.of_record(
            record,
            listed,
            target,
            counts=record.counts,
            sources_digest=digest(sources),
            uploads=self.uploads,
            bep_version=self.wanted.bep_version,
        )
        if self.known is None:
            return found
        apart = document.differences(self.known, found)
        if apart:
            words = ["the bytes of its inputs" if name == "sources_digest" else name for name in apart]
            raise JobInvalid(
                f"{record.name} is prepared in {self.share.address} already, and with something else:"
                f" {', '.join(words)} differ\n    fix: choose another name, or put back what has changed"
            )
        return self.known

    def _put(self, found: Prepared, sources: Path) -> None:
        """Put the lists there, and the document when all else is; of a prepared job what is missing."""
        folder, name = self.folder, self.record.name
        all_there = self.share.listed(name).items() if self.known else ()
        there = {at: size for at, size in all_there if "/" not in at}

        def is_wanted(at: str, path: Path) -> bool:
            must_go_on(self._board("", InputsInvalid))
            is_meant = at != document.PARTITIONS or bool(self.record.settings.partition_keys)
            return is_meant and (self.known is None or there.get(at) != path.stat().st_size)

        put_lists(self.share, name, folder, sources, is_wanted=is_wanted)
        if self.known is None:
            self.share.put(f"{name}/{document.DOCUMENT}", document.written(found))

    def _become(self, status: Status, **changes: object) -> None:
        self.record = self.record.model_copy(update={"status": status, **changes})
        save(self.record)
