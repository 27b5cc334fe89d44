"""What clients ask to follow a job and to fetch its outputs: discovery, run history, run data. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import StreamingResponse

from bep.app.jobs.following import job_here, log_names, log_of, output_address
from bep.app.jobs.of_endpoint import jobs_of_endpoint
from bep.lazy_dataclasses import dataclass
from bep.server.access.callers import Following, looks_only
from bep.server.access.signed import DISCOVERY, Granted, granted, logs, logs_url, signed_query
from bep.server.answers import Answering, Unanswered
from bep.server.run_history.bodies import child_of, details, job_of, long_address, run_of, run_of_asset
from bep.server.shapes.paging import page_of
from bep.server.shapes.places import PROVIDER, workspace_id
from bep.server.shapes.scoring_jobs import scoring_job
from bep.server.site import Served, Site

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.workspace.opening import Opened

router = APIRouter(tags=["run history"], route_class=Answering)

WORKSPACE: Final = (
    f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{PROVIDER}/workspaces/{{workspace}}"
)
HISTORY: Final = f"/history/v1.0{WORKSPACE}"
JOBS: Final = f"/mferp/managementfrontend{WORKSPACE}/batchEndpoints/{{endpoint}}"
MOST: Final = 1000  # data assets that one request may ask for


@dataclass(frozen=True)
class Area:
    """The workspace as it was asked for: any subscription and group are right, and its own name."""

    site: Site
    opened: "Opened"
    id: str
    name: str

    def job(self, run: str) -> "JobRecord":
        """The job that a run is. Raises `NotFound`."""
        return job_here(self.opened, job_of(run))


def _area(site: Served, subscription: str, group: str, workspace: str) -> Area:
    opened = site.opened()
    name = opened.workspace.name
    if workspace.casefold() != name.casefold():
        raise Unanswered(404, "NotFound", f"there is no workspace {workspace!r}: this server has {name}")
    return Area(site, opened, workspace_id(workspace, subscription, group), name)


Asked = Annotated[Area, Depends(_area)]
Skip = Annotated[str | None, Query(alias="$skiptoken")]


@router.get("/discovery")
def discovery(site: Served, grant: Annotated[Granted, Depends(granted(lambda request: DISCOVERY))]) -> dict[str, str]:
    """The addresses of the services of this workspace: all of them are this server."""
    return dict.fromkeys(("api", "history", "modelmanagement", "studio"), site.address)


@router.get(HISTORY + "/runs/{run}")
def get_run(caller: Following, area: Asked, run: str) -> dict[str, Any]:
    """A job, or its step."""
    return run_of(area.job(run), run, area.site.address, area.name)


@router.get(HISTORY + "/runs/{run}/details")
def get_details(caller: Following, area: Asked, run: str) -> dict[str, Any]:
    """How a job goes, and where its logs are."""
    record = area.job(run)
    query = signed_query(area.site, caller, logs(record.name))
    names = {name: logs_url(area.site, area.id, record.name, name, query) for name in log_names(record)}
    return details(record, run, area.site.address, names)


@router.get(HISTORY + "/runs/{run}/children")
def get_children(caller: Following, area: Asked, run: str) -> dict[str, Any]:
    """The one step of a job; a step has none."""
    record = area.job(run)
    return {"value": [child_of(record, area.site.address, area.name)] if run == record.name else [], "nextLink": None}


@router.post(HISTORY + "/rundata")
@looks_only
def get_run_data(
    caller: Following, area: Asked, run: Annotated[str, Body(alias="runId", embed=True)]
) -> dict[str, Any]:
    """A run with its outputs."""
    found = run_of(area.job(run), run, area.site.address, area.name)
    return {"runMetadata": found, "runDefinition": None, "jobSpecification": None}


def _of_logs(request: Request) -> str:
    return logs(job_of(request.path_params["run"]))


@router.get(HISTORY + "/runs/{run}/logs/{name:path}")
def get_log(
    grant: Annotated[Granted, Depends(granted(_of_logs))], area: Asked, run: str, name: str
) -> StreamingResponse:
    """One log of a job, as it is now. Who asks is found out first: nobody else is told which workspace is here."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    content = log_of(area.opened, area.job(run), name)
    return StreamingResponse(content, headers=headers, media_type="text/plain; charset=utf-8")


@router.post(f"/data/v1.0{WORKSPACE}/dataversion/batchGetResolvedUris")
@looks_only
def resolved_addresses(
    caller: Following, area: Asked, values: Annotated[list[str], Body(embed=True, max_length=MOST)]
) -> dict[str, Any]:
    """Where the outputs of runs are."""
    return {"values": {asset: _resolved(area, asset) for asset in values}}


@router.get(JOBS + "/jobs")
def list_jobs(request: Request, caller: Following, area: Asked, endpoint: str, skip: Skip = None) -> dict[str, Any]:
    """The jobs of an endpoint, newest first."""
    return _listed(request, area, endpoint, None, skip)


@router.get(JOBS + "/deployments/{deployment}/jobs")
def list_jobs_of_deployment(
    request: Request, caller: Following, area: Asked, endpoint: str, deployment: str, skip: Skip = None
) -> dict[str, Any]:
    """The jobs of a deployment, newest first."""
    return _listed(request, area, endpoint, deployment, skip)


def _resolved(area: Area, asset: str) -> dict[str, str]:
    run = run_of_asset(asset)
    if run is None:
        raise Unanswered(404, "NotFound", f"{asset} is not the output of a run of this server")
    return {"uri": long_address(output_address(area.job(run)), area.id), "type": "uri_folder"}


def _listed(request: Request, area: Area, endpoint: str, deployment: str | None, skip: str | None) -> dict[str, Any]:
    kept = {name: value for name, value in request.query_params.items() if name == "api-version"}
    found = jobs_of_endpoint(area.opened, endpoint, deployment)
    records, more = page_of(found, skip, area.site.address + quote(request.url.path), kept)
    value = [scoring_job(one, area.name, area.site.address, area.id) for one in records]
    return {"value": value, "nextLink": more}
