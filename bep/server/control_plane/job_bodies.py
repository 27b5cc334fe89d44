"""A job as Azure Resource Manager answers it: a pipeline of one step, as the service runs what a batch endpoint is
asked for. Pure.

Members: azure-rest-api-specs, machinelearningservices 2024-10-01, PipelineJob.
"""

from typing import TYPE_CHECKING, Any, Final

from bep.server.shapes.places import job_page

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

TYPE: Final = "Microsoft.MachineLearningServices/workspaces/jobs"
_NOTHING: Final = ("computeId", "identity", "componentId", "settings", "jobs", "sourceJobId", "notificationSetting")


def job_body(record: "JobRecord", id: str, address: str) -> dict[str, Any]:
    """The resource. By its tag a client sees that it is a batch endpoint's, and where its output then is."""
    endpoint, deployment = record.target.endpoint, record.target.deployment
    made = record.created.isoformat()
    properties: dict[str, Any] = {
        **dict.fromkeys(_NOTHING),
        "jobType": "Pipeline",
        "displayName": record.name,
        "description": f"Pipeline submission for endpoint: {endpoint}, deployment: {deployment}.",
        "experimentName": endpoint,
        "status": str(record.status),
        "tags": {"azureml.batchrun": "true", "azureml.deploymentname": deployment},
        "properties": _properties(record),
        "inputs": {},
        "outputs": {},
        "services": {"Studio": _service("Studio", job_page(address, record.name))},
        "isArchived": False,
    }
    return {"id": id, "name": record.name, "type": TYPE, "properties": properties, "systemData": {"createdAt": made}}


def _service(sort: str, endpoint: str) -> dict[str, Any]:
    absent = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
    return {"jobServiceType": sort, "endpoint": endpoint, **absent}


def _properties(record: "JobRecord") -> dict[str, str]:
    """What the job came to, as texts."""
    counts = record.counts
    told = {"items": counts.items, "scored": counts.scored, "failed": counts.failed, "rows": counts.rows}
    found = {"azureml.pipelineComponent": "pipelinerun", **{f"bep.{name}": str(value) for name, value in told.items()}}
    if record.error:
        found |= {"bep.error.code": record.error.code, "bep.error.message": record.error.message}
    return found
