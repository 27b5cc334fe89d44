"""A job as each of the services shows it: the scoring URI, Azure Resource Manager, run history. It alters no job."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.azure.store import Document

if TYPE_CHECKING:
    from tests.azure.double import Double
    from tests.azure.jobs import Job

STUDIO = "https://ml.azure.com/runs/"


def _deployment(double: "Double", job: "Job") -> Document:
    found = double.store.get("batchEndpoints/deployments", (job.endpoint, job.deployment))
    return (found.body.get("properties") or {}) if found else {}


def batch_job(double: "Double", job: "Job") -> Document:
    """As the scoring URI answers: two names, `name` and `properties.name`."""
    deployment = _deployment(double, job)
    asked = {name[:1].lower() + name[1:]: value for name, value in (job.body.get("properties") or {}).items()}
    inputs = {
        name: {"description": None, "mode": "ReadOnlyMount", **value}
        for name, value in (asked.get("inputData") or {}).items()
    }
    instances = (asked.get("compute") or {}).get("instanceCount")
    compute = {"target": deployment.get("compute"), "instanceCount": instances, "isLocal": False, "location": None}
    properties = {
        "provisioningState": "Succeeded",
        "inputData": inputs,
        "outputData": asked.get("outputData"),
        "compute": {**compute, "instanceType": None, "properties": None},
        "output": {"datastoreId": None, "path": None},
        "retrySettings": asked.get("retrySettings")
        or deployment.get("retrySettings")
        or {"maxRetries": 3, "timeout": "PT30S"},
        "status": job.status,
        "interactionEndpoints": {"Studio": {"jobEndpointType": "Studio", "port": None, "endpoint": STUDIO + job.name}},
        "tags": tags(job),
        "properties": {"azureml.pipelineid": job.child, "azureml.runsource": "azureml.PipelineRun"},
        "name": job.run,
    }
    path = f"batchEndpoints/{job.endpoint}/deployments/{job.deployment}/jobs/{job.name}"
    kind = "Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/jobs"
    return {
        "id": double.id_of(path),
        "name": job.name,
        "type": kind,
        "properties": properties,
        "systemData": _made(job),
    }


def tags(job: "Job") -> Document:
    """By which a client sees that a job is a batch endpoint's."""
    own = {"azureml.batchrun": "true", "azureml.deploymentname": job.deployment}
    return {**own, "azureml.jobtype": "azureml.batchjob", "inputType": "input_data", "outputType": "output_data"}


def _made(job: "Job") -> Document:
    return {"createdAt": job.started, "createdBy": "someone", "createdByType": "User"}


def arm_job(double: "Double", job: "Job", name: str) -> Document:
    """As Azure Resource Manager shows it, under the name that was asked for; most members are null."""
    services = {
        "Studio": {
            "jobServiceType": "Studio",
            "endpoint": STUDIO + name,
            "port": None,
            "status": None,
            "errorMessage": None,
        },
    }
    absent = dict.fromkeys(
        ("computeId", "identity", "componentId", "settings", "jobs", "inputs", "outputs", "sourceJobId")
    )
    properties = {
        **absent,
        "description": f"Pipeline submission for endpoint: {job.endpoint}, deployment: {job.deployment}.",
        "tags": tags(job),
        "properties": {"azureml.runsource": "azureml.PipelineRun", "azureml.pipelineid": job.child},
        "displayName": job.run,
        "status": job.status,
        "experimentName": job.endpoint,
        "services": services,
        "isArchived": False,
        "jobType": "Pipeline",
    }
    kind = "Microsoft.MachineLearningServices/workspaces/jobs"
    return {
        "id": double.id_of(f"jobs/{name}"),
        "name": name,
        "type": kind,
        "properties": properties,
        "systemData": _made(job),
    }


def details(job: "Job", name: str, base: str) -> Document:
    """As run history has it: where its logs are, and why it failed."""
    error: Document | None = None
    if job.status == "Failed":
        code, message = job.course.error
        error = {"error": {"code": code, "message": message, "messageFormat": None, "details": []}, "time": job.ended}
    logs = {path: f"{base}/logs/{name}/{path}?sig=secret" for path in job.course.logs}
    return {
        "runId": name,
        "target": "cpu-cluster",
        "status": job.status,
        "startTimeUtc": job.started,
        "endTimeUtc": job.ended,
        "error": error,
        "warnings": [],
        "properties": {},
        "logFiles": {} if job.status == "Preparing" else logs,
    }


def child(job: "Job") -> Document:
    """The one step of a job, which has its output."""
    has_output = job.status == "Completed"
    output = {"score": {"assetId": asset(job), "type": "uri_folder"}} if has_output else {}
    head = {"runId": job.child, "parentRunId": job.run, "rootRunId": job.run, "displayName": "batchscoring"}
    return {**head, "status": job.status, "outputs": output, "properties": {}, "tags": tags(job)}


def asset(job: "Job") -> str:
    """The id of a job's output, which is to be resolved."""
    return f"azureml://locations/eastus2/workspaces/double/data/azureml_{job.child}_output_data_score/versions/1"


def score_path(job: "Job") -> str:
    """The folder of a job's output below the default datastore's container."""
    return f"azureml/{job.child}/score/"


def resolved(double: "Double", jobs: Iterable["Job"], wanted: str) -> Document | None:
    """Where an asset lies: what the job was asked for, else azureml/CHILD/score of workspaceblobstore."""
    for job in jobs:
        if asset(job) == wanted:
            asked = (job.body.get("properties") or {}).get("outputData") or {}
            uri = next((each.get("uri") for each in asked.values() if each.get("uri")), None)
            long = f"azureml://subscriptions/{double.subscription_id}/resourcegroups/{double.resource_group}"
            long += f"/workspaces/{double.workspace_name}/datastores/workspaceblobstore/paths/{score_path(job)}"
            return {"uri": uri or long, "type": "UriFolder"}
    return None
