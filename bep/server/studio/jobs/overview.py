"""A job at a glance: where it is, its run graph, why it failed, what it is told; and the same while it goes on."""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from bep.app.jobs.looking.progress import Now, progress_of
from bep.app.jobs.records import next_of
from bep.app.jobs.reports import drawn_report
from bep.app.jobs.summaries import cluster_of, output_uri_of, outputs_of
from bep.command_words import command_of
from bep.server.studio.jobs.drawings import LANES, lanes_of, speed_of
from bep.server.studio.jobs.heads import JOBS, OVERVIEW, head_of, job_page
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@router.get(f"{JOBS}/{{name}}")
def job(visit: Visiting, name: str) -> Response:
    """One job."""
    now = progress_of(visit.opened, name)
    record = now.record
    return job_page(
        visit,
        "job_overview.html",
        record,
        OVERVIEW,
        **live_values(now),
        next_steps=[(command_of(step), why) for step, why in next_of(record)],
        input_text=record.input_text,
        output=output_uri_of(record),
        file=_file(record),
        model=record.target.model,
        warnings=record.warnings,
        failures=record.failures,
    )


def live_values(now: Now) -> dict[str, Any]:
    """What the part of the page shows that keeps up with the job."""
    record = now.record
    return {
        "job": head_of(record),
        "counts": record.counts,
        "error": record.error,
        "now_at": now,
        "instances": lanes_of(now),
        "unseen": max(0, len(now.lanes) - LANES),
        "speed": speed_of(now.rates),
    }


def _file(record: "JobRecord") -> str:
    """The one file of the output, once it is there."""
    return str(outputs_of(record)["score"]["file"] or "")


@router.get(f"{JOBS}/{{name}}/settings")
def settings(visit: Visiting, name: str) -> Response:
    """How the job scores, and what of it was set for this job alone."""
    record = progress_of(visit.opened, name).record
    target = record.target
    overridden = record.overrides
    return job_page(
        visit,
        "job_settings.html",
        record,
        "Settings",
        settings=[(key, _plain(value), key in overridden) for key, value in record.settings.model_dump().items()],
        variables=[
            (key, key in record.given_variables, key in target.secret_variables) for key in target.environment_variables
        ],
        target=target,
        earlier=record.earlier_deployments,
        input_type=record.input_type,
        inputs=record.inputs,
        input_text=record.input_text,
        output=output_uri_of(record),
        folder=str(record.folder),
        engine=record.engine,
        cluster=cluster_of(record),
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else ", ".join(value) if isinstance(value, tuple) else str(value)


REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""The drawn report is a page of its own: no script, no other file, and nothing of this server's."""


@router.get(f"{JOBS}/{{name}}/report")
def report(visit: Visiting, name: str) -> Response:
    """The job drawn as one page that needs nothing else."""
    headers = {
        "content-security-policy": REPORT_POLICY,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(drawn_report(visit.opened, name), media_type="text/html; charset=utf-8", headers=headers)
