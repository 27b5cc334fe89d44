"""A job put in line for whoever looks after the queue: checked, kept on disk, started later. Starts nothing."""

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.app.job_records import record_named
from bep.app.jobs.in_line.wanting import record_text, wanted_of
from bep.app.jobs.requests.beforehand import must_be_free
from bep.app.jobs.requests.locating import glimpses_of
from bep.app.jobs.requests.reaching import must_be_reached
from bep.app.queue.queue import Queue, must_be_same
from bep.app.workspace.clock import job_name
from bep.app.workspace.write_access import must_keep_jobs
from bep.lazy_dataclasses import fields, replace

if TYPE_CHECKING:
    from bep.app.jobs.service import Asked
    from bep.app.workspace.contexts import Reading
    from bep.app.workspace.opening import Source
    from bep.runner.folder.record import JobRecord
    from bep.schemas.job.job import JobSpec

_NOT_KEPT = ("places", "sources", "setting_places")  # where a file says what: it may be another by then


def ordered(opened: "Reading", job: "JobSpec", asked: "Asked") -> "JobRecord":
    """The job, in line; the one that was ordered before by the same request. See `service.Jobs.order`."""
    queue, digest = Queue(opened.home), digest_of(job)
    if asked.request_id and (before := queue.requested(asked.request_id)) is not None:
        return record_named(opened.home, must_be_same(before, digest).ticket.job)
    must_keep_jobs(opened)
    _keep_no_secret(job)
    name = job.name or job_name()
    want = wanted_of(opened, job, name)
    if asked.is_told:
        must_be_reached(opened, want.cluster, want.compute)
    glimpses_of(opened, job)  # what is not there now is told to whoever asks, and not to a list of failed jobs
    pinned = replace(job, deployment=want.chosen.deployment)
    entry = queue.order(
        name,
        want.compute,
        want.settings.instance_count,
        record=record_text(opened, pinned, want, datetime.now(UTC)),
        document=json.dumps({"job": _document(replace(pinned, name=name)), "source": plain_source(opened.source)}),
        digest=digest,
        request=asked.request_id or None,
        asked_by=asked.by,
        check=lambda: must_be_free(opened, name),
    )
    return record_named(opened.home, entry.ticket.job)


def _keep_no_secret(job: "JobSpec") -> None:
    """Raise `Refused` for a job that was given secrets: nothing that bep writes has their values."""
    if job.secret_variables:
        raise Refused(
            f"the job gives secret values to {', '.join(job.secret_variables)}, and a job in line is kept in a file\n"
            "    fix: let the deployment have them, which keeps no value: settings.environment_variables"
        )


def digest_of(job: "JobSpec") -> str:
    """Of all that a job asks for."""
    return hashlib.sha256(json.dumps(_document(job), sort_keys=True).encode()).hexdigest()


def job_of(document: str) -> "JobSpec":
    """The job of an order."""
    from bep.schemas.job.job import JobSpec

    found = json.loads(document)["job"]
    tuples = {name: tuple(found[name]) for name in ("inputs", "secret_variables")}
    return JobSpec(**{**found, **tuples})


def plain_source(source: "Source") -> dict[str, Any]:
    """How a workspace is opened, as JSON: for a process of its own, which opens it in the same way."""
    return {
        "paths": list(source.paths),
        "variables": dict(source.variables),
        "variable_files": list(source.variable_files),
        "stage": source.stage,
        "provider": source.provider,
    }


def source_of(document: str) -> "Source":
    """How the workspace was opened where the job was ordered."""
    from bep.app.workspace.opening import Source

    return Source(**json.loads(document)["source"])


def _document(job: "JobSpec") -> dict[str, Any]:
    return {field.name: getattr(job, field.name) for field in fields(job) if field.name not in _NOT_KEPT}
