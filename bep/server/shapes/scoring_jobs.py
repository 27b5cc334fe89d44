"""A job as the scoring URI and the list of an endpoint's jobs answer it. Pure.

Members: the batch job resource of azure-ai-ml's data plane, 2020-09-01-dataplanepreview.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bep.app.jobs.summaries import output_uri_of
from bep.server.shapes.places import job_page, workspace_id

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

TYPE: Final = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs"
DEFAULT_STORE: Final = "workspaceblobstore"
PROVISIONED: Final = {"Failed": "Failed", "Canceled": "Canceled", "Completed": "Succeeded"}


def scoring_job(record: "JobRecord", workspace: str, address: str, container: str = "") -> dict[str, Any]:
    """The resource. `container` is the id of the workspace as the request names it; without one, its own."""
    endpoint = record.target.endpoint
    found = container or workspace_id(workspace)
    return {
        "id": f"{found}/batchEndpoints/{endpoint}/jobs/{record.name}",
        "name": record.name,
        "type": TYPE,
        "systemData": {"createdAt": moment(record.created), "createdByType": "User"},
        "properties": {
            "name": record.name,
            "status": str(record.status),
            "provisioningState": PROVISIONED.get(str(record.status), "InProgress"),
            "interactionEndpoints": studio(record.name, address),
            "inputData": _inputs(record),
            "outputData": {"score": {"jobOutputType": "UriFolder", "uri": output_uri_of(record)}},
            "output": _output(output_uri_of(record), found),
            **_settings(record),
            "tags": {"azureml.batchrun": "true", "azureml.deploymentname": record.target.deployment},
            "properties": _properties(record),
        },
    }


def studio(job: str, address: str) -> dict[str, Any]:
    """Where people see a job, as 2021 answers it."""
    page = {"endpoint": job_page(address, job), "jobEndpointType": "Studio", "port": None, "properties": None}
    return {"Studio": page}


def moment(time: datetime | None) -> str | None:
    """A moment as the service writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if time else None


def duration(seconds: float) -> str:
    """So many seconds as the service writes them, ISO 8601."""
    return f"PT{seconds:g}S"


def _inputs(record: "JobRecord") -> dict[str, Any]:
    kind = "UriFile" if record.input_type == "uri_file" else "UriFolder"
    return {"input": {"jobInputType": kind, "uri": record.input_text}}


def _output(text: str, container: str) -> Mapping[str, str] | None:
    """The datastore and the path in it, as 2021 answers them; a job may write elsewhere, which has none."""
    store, found, path = text.removeprefix("azureml://datastores/").partition("/paths/")
    if not found or not text.startswith("azureml://datastores/"):
        return None
    return {"datastoreId": f"{container}/datastores/{store}", "path": path}


def _settings(record: "JobRecord") -> dict[str, Any]:
    settings = record.settings
    return {
        "compute": {"instanceCount": settings.instance_count},
        "outputFileName": settings.output_file_name,
        "miniBatchSize": settings.mini_batch_size,
        "errorThreshold": settings.error_threshold,
        "maxConcurrencyPerInstance": settings.max_concurrency_per_instance,
        "loggingLevel": settings.logging_level.capitalize(),
        "partitionKeys": list(settings.partition_keys) or None,
        "retrySettings": {"maxRetries": settings.max_retries, "timeout": duration(settings.timeout)},
    }


def _properties(record: "JobRecord") -> dict[str, str]:
    """What the job came to, in a mapping of texts, which clients show as they are."""
    counts = record.counts
    told = {"items": counts.items, "scored": counts.scored, "failed": counts.failed, "rows": counts.rows}
    found = {f"bep.{name}": str(value) for name, value in told.items()}
    if record.error:
        found |= {"bep.error.code": record.error.code, "bep.error.message": record.error.message}
    return found
