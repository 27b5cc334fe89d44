"""The jobs of one endpoint, and one that must be its: for whoever names both. Reads, and runs nothing."""

from typing import TYPE_CHECKING

from bep.app.errors import NotFound, Refused
from bep.app.jobs.filters import JobFilter
from bep.app.jobs.service import jobs_of
from bep.schemas.address import names_of
from bep.schemas.findings.did_you_mean import listed, nearest

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.runner.folder.record import JobRecord


def must_be_there(opened: "Reading", endpoint: str, deployment: str | None = None) -> None:
    """Raise `NotFound` for an endpoint, or a deployment of it, that the world does not have."""
    kind, names = ("endpoint", (endpoint,)) if deployment is None else ("deployment", (endpoint, deployment))
    there = [names_of(address) for address in opened.provider.list(kind)]
    if names in there:
        return
    if deployment is not None:
        must_be_there(opened, endpoint)
    last = [each[-1] for each in there if each[:-1] == names[:-1]]
    near = nearest(names[-1], last)
    told = f"{kind} {names[-1]!r} is not there; {'did you mean ' + listed(near) + '?' if near else 'apply it first'}"
    raise NotFound(told, nearest=near)


def jobs_of_endpoint(opened: "Reading", endpoint: str, deployment: str | None = None) -> "list[JobRecord]":
    """Its jobs, or those of one of its deployments, newest first. Raises `NotFound`."""
    must_be_there(opened, endpoint, deployment)
    return jobs_of(opened).chosen(JobFilter(endpoint=endpoint, deployment=deployment))


def job_of_endpoint(opened: "Reading", endpoint: str, name: str) -> "JobRecord":
    """A job of it by its whole name, as of now. Raises `NotFound`."""
    must_be_there(opened, endpoint)
    jobs = jobs_of(opened)
    try:
        found = jobs.get(name)
    except Refused:  # no such name, or the beginning of several
        found = None
    if found is None or found.name != name or found.target.endpoint != endpoint:
        theirs = [each.name for each in jobs.chosen() if each.target.endpoint == endpoint]
        raise NotFound(f"endpoint {endpoint} has no job {name!r}", nearest=nearest(name, theirs))
    return found
