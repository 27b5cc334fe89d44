"""The scoring URI: jobs started, looked at and cancelled, as the service has it. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool

from bep.server.access.callers import Following, Invoking
from bep.server.answers import Answering, JSONAnswer
from bep.server.data_plane.asking import job_asked
from bep.server.data_plane.body_text import value_of
from bep.server.shapes.paging import page_of
from bep.server.shapes.scoring_jobs import scoring_job
from bep.server.site import Served, Site

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

router = APIRouter(tags=["scoring"], route_class=Answering)

JOBS = "/endpoints/{endpoint}/jobs"
PROPERTIES = {"type": "object", "required": ["properties"], "properties": {"properties": {"type": "object"}}}
TODAY = {"images": {"JobInputType": "UriFolder", "Uri": "azureml://datastores/workspaceblobstore/paths/images"}}
IN_2021 = {"dataInputType": "DataUrl", "path": "https://example.org/images.csv"}
EXAMPLES = {
    "today": {"value": {"properties": {"InputData": TODAY}}},
    "2021": {"value": {"properties": {"dataset": IN_2021}}},
}
BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": PROPERTIES, "examples": EXAMPLES}}}
}
"""What is posted: the body is read by bep itself, as its keys may be of any case."""

Deployment = Annotated[str | None, Header(alias="azureml-model-deployment")]
Repeated = Annotated[str | None, Header(alias="repeatability_request-id", convert_underscores=False)]
RepeatedToday = Annotated[str | None, Header(alias="repeatability-request-id")]
Skip = Annotated[str | None, Query(alias="$skiptoken")]


@router.post(JOBS, status_code=201, openapi_extra=BODY)
async def create_job(
    request: Request,
    endpoint: str,
    site: Served,
    caller: Invoking,
    deployment: Deployment = None,
    repeated: Repeated = None,
    repeated_today: RepeatedToday = None,
) -> JSONAnswer:
    """Start a job. Sent again with the same request id, it is the same job."""
    text = await request.body()
    return await run_in_threadpool(
        _created, site, endpoint, deployment, text, caller.name, repeated or repeated_today or ""
    )


def _created(site: Site, endpoint: str, deployment: str | None, text: bytes, by: str, request: str) -> JSONAnswer:
    from bep.app.jobs.of_endpoint import must_be_there
    from bep.app.jobs.requests.loading import JobSource, loaded_job
    from bep.app.jobs.service import Asked, jobs_of

    opened = site.opened()
    must_be_there(opened, endpoint)
    asked = job_asked(value_of(text), endpoint, deployment)
    job = loaded_job(opened, JobSource(None, {}, asked)).job
    assert job is not None  # loaded_job raises otherwise
    record = jobs_of(opened).order(job, Asked(by, request))
    site.wake()
    return JSONAnswer(
        _body(site, opened.workspace.name, record), 201, {"azureml-model-deployment": record.target.deployment}
    )


@router.get(JOBS)
def list_jobs(request: Request, endpoint: str, site: Served, caller: Following, skip: Skip = None) -> dict[str, Any]:
    """The jobs of an endpoint, newest first, a page at a time."""
    return _listed(request, site, endpoint, None, skip)


@router.get("/endpoints/{endpoint}/deployments/{deployment}/jobs")
def list_jobs_of_deployment(
    request: Request, endpoint: str, deployment: str, site: Served, caller: Following, skip: Skip = None
) -> dict[str, Any]:
    """The jobs of a deployment, newest first, a page at a time."""
    return _listed(request, site, endpoint, deployment, skip)


@router.get(JOBS + "/{job}")
def get_job(endpoint: str, job: str, site: Served, caller: Following) -> dict[str, Any]:
    """One job, as of now."""
    from bep.app.jobs.of_endpoint import job_of_endpoint

    opened = site.opened()
    return _body(site, opened.workspace.name, job_of_endpoint(opened, endpoint, job))


@router.post(JOBS + "/{job}/cancel")
def cancel_job(endpoint: str, job: str, site: Served, caller: Invoking) -> dict[str, Any]:
    """End a job; what it scored stays."""
    from bep.app.jobs.of_endpoint import job_of_endpoint
    from bep.app.jobs.service import jobs_of

    opened = site.opened()
    found = job_of_endpoint(opened, endpoint, job)
    return _body(site, opened.workspace.name, jobs_of(opened).cancel(found.name))


def _listed(request: Request, site: Site, endpoint: str, deployment: str | None, skip: str | None) -> dict[str, Any]:
    from bep.app.jobs.of_endpoint import jobs_of_endpoint

    opened = site.opened()
    records, more = page_of(
        jobs_of_endpoint(opened, endpoint, deployment), skip, site.address + quote(request.url.path), {}
    )
    return {"value": [_body(site, opened.workspace.name, one) for one in records], "nextLink": more}


def _body(site: Site, workspace: str, record: "JobRecord") -> dict[str, Any]:
    return scoring_job(record, workspace, site.address)
