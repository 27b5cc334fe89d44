"""Runs a job, or goes on with one: from a request to a record. Prints nothing, reads no environment."""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bep.disk.copying import Original
from bep.runner.errors import InputsChanged, JobInvalid
from bep.runner.events import Event
from bep.runner.folder import parts, removing
from bep.runner.folder.folder import JobFolder, wait_for_parts
from bep.runner.folder.record import JobRecord, Status, must_be_home, pinned, read, save
from bep.runner.inputs import listing, stamps
from bep.runner.jobs import resuming, retrying, staging
from bep.runner.jobs.steps import Job
from bep.runner.jobs.totals import history_of
from bep.runner.outputs import assembling
from bep.runner.reporting.live import LiveFile
from bep.runner.reporting.logs import Logs
from bep.runner.request import JobRequest, RayCluster, ScoringTarget
from bep.runner.transfer.addresses import hidden, without_login
from bep.schemas.next_step import Step, again

Given = tuple[staging.Stored, str]
"""Files that a job gets, and how; see `runner.staging`."""

_ORPHANS = 10.0  # seconds that the kernel gets to end the workers of a runner that was killed


def run(request: JobRequest, *, report: Callable[[Event], None], cancel: threading.Event) -> JobRecord:
    """Run a job to its end. The record says how it went; `report` hears it while it happens.

    A job exists once its inputs are listed, and whatever fails then is in the record. Before that, nothing is left of
    it and `JobInvalid` is raised: inputs that cannot be listed, an output that is there already or whose store cannot
    be opened; and where the folder has a job already.
    """
    folder = JobFolder(request.folder)
    with folder.held():
        if folder.record.exists():
            raise JobInvalid(f"there is a job {request.name} already, in {request.folder}: choose another name")
        folder.make()
        staging.keep(folder, request.stored, request.share)
        staging.take_back_of_dead(request.folder.parent)
        job = Job(folder, request, record_of(request), report, cancel)
        try:
            return job.run()
        finally:
            if job.is_refused:
                removing.remove(folder)


def resume(
    path: Path,
    *,
    environment_variables: Mapping[str, str],
    environment: Mapping[str, str] | None,
    report: Callable[[Event], None],
    cancel: threading.Event,
    target: ScoringTarget | None = None,
    given: Given | None = None,
    output_address: str | None = None,
    interpreter: tuple[str, ...] | None = None,
    accept_changed_inputs: bool = False,
    cluster: RayCluster | None = None,
) -> JobRecord:
    """Go on with a job that was killed, cancelled or has failed, in the folder `path`.

    `environment_variables` are the deployment's again, and `output_address` is the store's where the record had to
    hide something of it, for a record holds no values; `interpreter` is the environment's where it was built again at
    another place, and `cluster` is where that of its engine is now. `target` and `given` are where the very same
    deployment is found now, for a job that was begun by a bep that made no copies. What is scored stays scored, and
    what was given up stays given up; the output is the one that an undisturbed run would have written. A completed
    job is returned as it is. Raises `JobInvalid`, `JobBusy`, and `InputsChanged` for inputs that are not as they were
    listed, unless these are accepted or none is left to score.
    """
    folder = JobFolder(path)
    read(folder)  # a lock is made for jobs only
    with folder.held():
        record = read(folder)
        if record.status is Status.COMPLETED:
            tidy(folder, record)
            return record
        aimed = _found(started_by(_aimed(record, target), interpreter), cluster)
        again = _prepared(folder, aimed, environment_variables)
        again = _with_inputs(folder, again, accept=accept_changed_inputs, only_if_left=True)
        _keep_given(folder, given)
        return Job(
            folder, requested(again, environment_variables, environment, output_address), again, report, cancel
        ).run()


def retry(
    path: Path,
    *,
    environment_variables: Mapping[str, str],
    environment: Mapping[str, str] | None,
    report: Callable[[Event], None],
    cancel: threading.Event,
    target: ScoringTarget | None = None,
    given: Given | None = None,
    changes: Mapping[str, Any] | None = None,
    output_address: str | None = None,
    interpreter: tuple[str, ...] | None = None,
    accept_changed_inputs: bool = False,
    cluster: RayCluster | None = None,
    environment_files: Mapping[str, Original] | None = None,
) -> JobRecord:
    """Score the failed items of a job again, and what it has not scored yet, into the same output.

    Their rows get the places that they would have had; the output that is there is replaced when the new one is
    complete. A completed job without failed items is returned as it is. `target` is what to score them with where that
    is another than the job's own, such as its script mended, and `given` the files of it that the job gets copies of;
    the record keeps the digests of those before it; `environment_files` are those of its environment, for a cluster.
    `changes` are settings, by their names, that rows do not depend on, such as `timeout`. Raises `JobInvalid`,
    `JobBusy`, `OutputExists` when somebody has changed the output since the job wrote it, and `InputsChanged` for
    inputs that are not as they were listed, unless these are accepted.
    """
    folder = JobFolder(path)
    read(folder)  # a lock is made for jobs only
    with folder.held():
        record = read(folder)
        if record.status is Status.COMPLETED and not record.counts.failed:
            return record
        aimed = _found(started_by(_aimed(record, target), interpreter), cluster)
        prepared = _prepared(folder, _changed(aimed, changes or {}), environment_variables)
        prepared = _with_inputs(folder, prepared, accept=accept_changed_inputs, only_if_left=False)
        _keep_given(folder, given)
        again = retrying.forget_failures(folder, prepared)
        request = requested(again, environment_variables, environment, output_address)
        request = request.model_copy(update={"environment_files": environment_files or {}})
        return Job(folder, request, again, report, cancel).run()


def tidy(folder: JobFolder, record: JobRecord) -> None:
    """Do what a runner does after it has recorded that a job is complete: it may have been killed before that."""
    if record.output_file:
        assembling.forget(assembling.partial(record.output_file, record.name))
    LiveFile(folder.path)  # which removes what is left of the last run
    with suppress(OSError):
        Logs(folder.logs).end(record)


def _with_inputs(folder: JobFolder, record: JobRecord, *, accept: bool, only_if_left: bool) -> JobRecord:
    """The record, once it is sure that its inputs are as they were listed, or that others are accepted."""
    listed = listing.recorded(folder, record)
    if listed is None:
        return record
    listed.verify()
    if only_if_left and not resuming.backlog(folder, listed, history_of(folder, record.settings)).calls:
        return record
    found = stamps.compare(folder, listed, record.inputs)
    if not found.is_known:
        return _warned(record, "the job did not note sizes and times of its inputs; they are scored as they are now")
    if not found:
        return record
    if not accept:
        accept_them = again(accept_changed_inputs=True)
        raise InputsChanged(
            f"inputs of {record.name} have changed since it listed them: {found}\n"
            f"    fix: put them back, or run the job anew; {accept_them} goes on with what is there now, and "
            "earlier results stay",
            accept_them,
        )
    accepted = _warned(record, f"inputs changed between the runs of this job, which was accepted: {found}")
    save(accepted)
    folder.stamps.unlink()  # they are noted again as they are now
    return accepted


def _warned(record: JobRecord, warning: str) -> JobRecord:
    return record.model_copy(update={"warnings": tuple(dict.fromkeys((*record.warnings, warning)))})


def started_by(record: JobRecord, interpreter: tuple[str, ...] | None) -> JobRecord:
    """The record with what starts its environment now; None: what has started it so far."""
    if interpreter is None:
        return record
    return record.model_copy(update={"target": record.target.model_copy(update={"interpreter": interpreter})})


def _found(record: JobRecord, cluster: RayCluster | None) -> JobRecord:
    """The record with where the cluster is now; None: where it has been so far."""
    return record if cluster is None else record.model_copy(update={"cluster": cluster})


def _aimed(record: JobRecord, target: ScoringTarget | None) -> JobRecord:
    if target is None:
        return record
    secret = {*record.target.secret_variables, *target.secret_variables}
    target = target.model_copy(update={"secret_variables": tuple(sorted(secret))})
    is_another = target.deployment_digest != record.target.deployment_digest
    earlier = (*record.earlier_deployments, *([record.target.deployment_digest] if is_another else ()))
    return record.model_copy(update={"target": pinned(target), "earlier_deployments": earlier})


def _keep_given(folder: JobFolder, given: Given | None) -> None:
    """Note the files of another target, beside those of the job's inputs, and remove what dead jobs have left."""
    staging.take_back_of_dead(folder.path.parent)
    if given is not None:
        stored, share = given
        staging.keep(folder, {**staging.kept(folder)[0], **stored}, share)


def _changed(record: JobRecord, changes: Mapping[str, Any]) -> JobRecord:
    settings = record.settings.model_copy(update=dict(changes))
    return record.model_copy(update={"settings": settings, "overrides": {**record.overrides, **changes}})


def _prepared(folder: JobFolder, record: JobRecord, environment_variables: Mapping[str, str]) -> JobRecord:
    """The record of a job's next run, once nothing of the last one lives and its journals are whole."""
    must_be_home(record)
    missing = sorted(record.target.environment_variables.keys() - environment_variables.keys())
    if missing:
        give = Step("", (), tuple(("env", f"{name}=VALUE") for name in missing))
        raise JobInvalid(
            f"{record.name} needs values for the environment variables {', '.join(missing)}: a record keeps none\n"
            f"    fix: {give}",
            give,
        )
    wait_for_parts(folder.parts, _ORPHANS)
    parts.verify(folder.parts)
    return record.model_copy(update={"runs": record.runs + 1, "process": os.getpid(), "error": None})


def record_of(request: JobRequest) -> JobRecord:
    """How the record of a job begins."""
    appends = request.settings.output_action == "append_row"
    return JobRecord(
        name=request.name,
        status=Status.NOT_STARTED,
        target=pinned(request.target),
        settings=request.settings,
        overrides=request.overrides,
        inputs=tuple(map(hidden, request.inputs)),
        input_type=request.input_type,
        partition_format=request.partition_format,
        input_text=request.input_text,
        folder=request.folder,
        output_folder=request.output_folder,
        output_text=request.output_text,
        output_address=hidden(request.output_address),
        output_file=request.output_folder / request.settings.output_file_name if appends else None,
        created=request.created or datetime.now(UTC),
        process=os.getpid(),
        workspace=request.workspace,
        given_variables=request.given_variables,
        engine=request.engine,
        cluster=request.cluster,
    )


def requested(
    record: JobRecord,
    variables: Mapping[str, str],
    environment: Mapping[str, str] | None,
    output_address: str | None,
) -> JobRequest:
    """The job of a record once more, with the values that no record keeps: of its variables, and of its output's
    address where it hides something."""
    return JobRequest(
        name=record.name,
        target=record.target.model_copy(update={"environment_variables": dict(variables)}),
        settings=record.settings,
        inputs=record.inputs,
        input_type=record.input_type,
        partition_format=record.partition_format,
        input_text=record.input_text,
        folder=record.folder,
        output_folder=record.output_folder,
        engine=record.engine,
        cluster=record.cluster,
        output_text=record.output_text,
        output_address=output_address or without_login(record.output_address),
        overrides=record.overrides,
        environment=None if environment is None else dict(environment),
        workspace=record.workspace,
    )
