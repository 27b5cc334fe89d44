"""The page of an endpoint: deployments side by side, how its traffic moved, how a job is started. Decides nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from bep.app.access.addresses import scoring_uri
from bep.app.jobs.filters import JobFilter
from bep.app.jobs.records import Status
from bep.app.jobs.service import jobs_of
from bep.app.overviews.endpoints import endpoint_named, side_by_side
from bep.app.overviews.plans import Shifted, shifts_of
from bep.lazy_dataclasses import dataclass
from bep.server.site import STUDIO
from bep.server.studio.job_rows import JobRow, row_of
from bep.server.studio.pages import Entry, Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.overviews.endpoints import Deployment

JOBS: Final = 10
"""Jobs of an endpoint that its page lists; the list of jobs has all of them."""

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@dataclass(frozen=True)
class DeploymentHead:
    """A deployment at the head of its column: its share of the traffic, and its newest job."""

    name: str
    share: int
    applied_at: str
    newest: JobRow | None


@dataclass(frozen=True)
class ShiftRow:
    """A move of traffic in the history: `path` is that of the plan's page, where it is still kept."""

    at: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    who: str
    path: str
    plan: str
    serial: int
    state: str


@router.get(f"{STUDIO}/endpoints/{{name}}")
def endpoint(visit: Visiting, name: str) -> Response:
    """One endpoint."""
    found = endpoint_named(visit.opened, name)
    jobs = jobs_of(visit.opened).chosen(JobFilter(endpoint=name))
    newest = {record.target.deployment: record for record in reversed(jobs)}
    uri = scoring_uri(visit.site.address, name)
    return visit.page(
        "endpoint.html",
        name,
        trail=[Entry("Overview", "/")],
        name=name,
        about={field: value for field, value in found.fields.items() if field != "name"},
        applied_at=found.applied_at,
        heads=[_head(one, row_of(newest[one.name]) if one.name in newest else None) for one in found.deployments],
        settings=side_by_side(found.deployments),
        shares={one.name: one.share for one in found.deployments if one.share},
        shifts=[_shift(one) for one in shifts_of(visit.opened, name)],
        uri=uri,
        curl=_curl(uri),
        compare=_to_compare(found.deployments, jobs),
        jobs=[row_of(record) for record in jobs[:JOBS]],
        more=max(0, len(jobs) - JOBS),
        all_jobs=f"{address_of('jobs')}?endpoint={name}",
    )


def _head(one: "Deployment", newest: JobRow | None) -> DeploymentHead:
    return DeploymentHead(one.name, one.share, one.applied_at, newest)


def _shift(one: Shifted) -> ShiftRow:
    path = address_of("plans", one.plan) if one.plan else ""
    return ShiftRow(one.at, one.before, one.after, one.who, path, one.plan, one.serial, one.state)


def _curl(uri: str) -> str:
    """What starts a job from a shell; the token and the data are the reader's own."""
    body = '{"properties": {"InputData": {"data": {"JobInputType": "UriFolder", "Uri": "azureml:NAME:VERSION"}}}}'
    lines = (
        f"curl --request POST '{uri}'",
        '--header "Authorization: Bearer $SCORING_TOKEN"',
        '--header "Content-Type: application/json"',
        f"--data '{body}'",
    )
    return " \\\n  ".join(lines)


def _to_compare(deployments: "Sequence[Deployment]", jobs: "Sequence[JobRecord]") -> str:
    """The address that compares the newest completed jobs of the two deployments that have the most traffic; empty
    where there are no two."""
    done = {record.target.deployment: record.name for record in reversed(jobs) if record.status is Status.COMPLETED}
    names = [done[one.name] for one in deployments if one.name in done][:2]
    return f"{address_of('compare')}?{urlencode({'first': names[0], 'second': names[1]})}" if len(names) == 2 else ""
