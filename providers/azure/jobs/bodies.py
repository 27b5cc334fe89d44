"""What starts a job as the service wants it, and what the service says of one. Pure.

Members and their casing: the bodies that azure-ai-ml sends, and recorded answers; see docs/azure.md.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.place import Place
from bep.providers.azure.translation.shape import at
from bep.providers.azure.translation.shapes import ENGINE, shape_of
from bep.providers.cloud_jobs import CloudJob, Order

SETTINGS: Final = frozenset(
    ("mini_batch_size", "instance_count", "error_threshold", "output_file_name", "max_retries", "timeout")
)
"""What an invocation may say otherwise than its deployment: the client of the service refuses all else."""
UNKNOWN: Final = frozenset(path[-1] for path, why in shape_of("deployment").unsent.items() if why == ENGINE)
"""What of a deployment is for bep's own engine alone."""
TYPES: Final[Mapping[str, str]] = {"uri_file": "UriFile", "uri_folder": "UriFolder"}
STEP: Final = "batchscoring"
"""The one step of a job of a model's deployment."""
_PLAIN: Final = {
    "mini_batch_size": "miniBatchSize",
    "error_threshold": "errorThreshold",
    "output_file_name": "outputFileName",
}
_ID = lazy_pattern(r"(?i).*/batchEndpoints/[^/]+(?:/deployments/([^/]+))?/jobs/([^/]+)/?")


def body_of(order: Order) -> dict[str, Any]:
    """What is posted to the scoring URI."""
    given = {"jobInputType": TYPES[order.input.type or "uri_folder"], "uri": order.input.uri}
    properties: dict[str, Any] = {"name": order.name, "inputData": {order.port: given}}
    if order.output:
        file = f"{order.output.rstrip('/')}/{order.output_file_name}"
        properties["outputData"] = {"score": {"jobOutputType": "UriFile", "uri": file}}
    settings = order.settings
    properties |= {member: settings[name] for name, member in _PLAIN.items() if name in settings}
    if "max_retries" in settings:
        retries = {"maxRetries": settings["max_retries"], "timeout": f"PT{settings['timeout']:g}S"}
        properties["retrySettings"] = retries
    if "instance_count" in settings:  # isLocal is what azure-ai-ml sends with it, whatever it means
        properties["compute"] = {"instanceCount": settings["instance_count"], "isLocal": True}
    return {"properties": properties}


def job_of(body: Mapping[str, Any], place: Place, endpoint: str) -> CloudJob:
    """A job as the scoring URI of an endpoint, and the list of its jobs, show it."""
    found = _ID.fullmatch(str(body.get("id") or ""))
    deployment, name = found.groups() if found else ("", "")
    tags = at(body, ("properties", "tags")) or {}
    return CloudJob(
        name=str(body.get("name") or name),
        endpoint=endpoint,
        deployment=deployment or str(tags.get("azureml.deploymentname") or ""),
        status=str(at(body, ("properties", "status")) or ""),
        created=moment_of(at(body, ("systemData", "createdAt"))) or datetime.fromtimestamp(0, UTC),
        run=str(at(body, ("properties", "name")) or ""),
        input=place.short_uri(_uri(at(body, ("properties", "inputData")))),
        output=place.short_uri(_uri(at(body, ("properties", "outputData")))),
        page=str(at(body, ("properties", "interactionEndpoints", "Studio", "endpoint")) or ""),
    )


def with_details(job: CloudJob, details: Mapping[str, Any]) -> CloudJob:
    """The job with what run history knows better: its status now, its times, why it failed."""
    error = at(details, ("error", "error")) or {}
    return replace(
        job,
        status=str(details.get("status") or job.status),
        started=moment_of(details.get("startTimeUtc")),
        ended=moment_of(details.get("endTimeUtc")),
        code=str(error.get("code") or ""),
        error=str(error.get("message") or ""),
    )


def step_of(children: Mapping[str, Any]) -> str:
    """The run of the step that scores; empty where there is none yet."""
    runs = [one for one in children.get("value") or () if isinstance(one, Mapping)]
    chosen = [one for one in runs if one.get("displayName") == STEP] or runs
    return str(chosen[0].get("runId") or "") if chosen else ""


def moment_of(text: Any) -> datetime | None:
    """A time as the service writes it, with seven digits of a second; one without an offset is UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _uri(ports: Any) -> str:
    """The address of the one input or output that has any."""
    each = ports.values() if isinstance(ports, Mapping) else ()
    return next((str(one["uri"]) for one in each if isinstance(one, Mapping) and one.get("uri")), "")
