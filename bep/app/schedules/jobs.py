"""The job that a schedule starts for a time, as it is asked for. Orders and runs nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bep.app.jobs.requests.loading import JobSource, loaded_job
from bep.schemas.address import names_of
from bep.schemas.schedules.expressions import expanded, job_name, written

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.schemas.job.job import JobSpec


def job_for(opened: "Reading", attributes: Mapping[str, Any], moment: datetime) -> "JobSpec":
    """The job that a schedule, as it was applied, starts for a time. Raises `SpecInvalid`."""
    job = loaded_job(opened, asked_for(attributes, moment)).job
    assert job is not None  # loaded_job raises otherwise
    return job


def asked_for(attributes: Mapping[str, Any], moment: datetime) -> JobSource:
    """The same in the words of a job's file, its expressions expanded."""
    name = job_name(attributes["name"], moment)
    asked = expanded(attributes["create_job"], name=name, moment=moment)
    endpoint = asked["endpoint"]
    asked["endpoint"] = names_of(endpoint)[0] if endpoint.startswith("endpoint/") else endpoint
    return JobSource(None, {}, document={**asked, "name": name})


def request_of(name: str, moment: datetime) -> str:
    """The id of what a schedule asks for at a time: one job, however often and by whomever it is asked for."""
    return f"schedule/{name}/{written(moment)}"
