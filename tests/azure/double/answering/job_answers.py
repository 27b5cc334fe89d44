"""A job as each of the services shows it: the scoring URI, Azure Resource Manager, run history. It alters no job."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tests.azure.double.store import Document

if TYPE_CHECKING:
    from tests.azure.double.answering.jobs import Job
    from tests.azure.double.double import Double


RETRIES: Final = {"maxRetries": 3, "timeout": "PT30S"}


def _services(double: "Double", name: str, sort: str, absent: Document) -> Document:
    """Where a person, and MLflow, look at a job. The two services that show it call a sort otherwise."""
    lowered = double.workspace.replace("/resourceGroups/", "/resourcegroups/")
    lowered = lowered.replace("/providers/Microsoft.MachineLearningServices/", "/")
    tracking = f"azureml://{double.location}.api.azureml.ms/mlflow/v1.0{double.workspace}?"
    studio = f"https://ml.azure.com/runs/{name}?wsid={lowered}"
    return {
        "Tracking": {sort: "Tracking", "endpoint": tracking, **absent},
        "Studio": {sort: "Studio", "endpoint": studio, **absent},
    }


def _properties(job: "Job", deployment: Document) -> Document:
    """What the service notes of a run; the settings it gave the driver, as text."""
    retry = deployment.get("retrySettings") or {}
    parameters = {
        "run_max_try": retry.get("maxRetries", 3),
        "mini_batch_size": deployment.get("miniBatchSize", 10),
        "error_threshold": deployment.get("errorThreshold", -1),
        "logging_level": str(deployment.get("loggingLevel", "Info")).upper(),
        "process_count_per_node": deployment.get("maxConcurrencyPerInstance", 1),
        "append_row_file_name": deployment.get("outputFileName", "predictions.csv"),
    }
    return {
        "azureml.pipelineid": job.pipeline,
        "azureml.runsource": "azureml.PipelineRun",
        "runSource": "Unavailable",
        "runType": "HTTP",
        "azureml.parameters": json.dumps({name: str(value) for name, value in parameters.items()}),
        "azureml.continue_on_step_failure": "False",
        "azureml.continue_on_failed_optional_input": "False",
        "azureml.pipelineComponent": "pipelinerun",
    }


def _deployment(double: "Double", job: "Job") -> Document:
    found = double.store.get("batchEndpoints/deployments", (job.endpoint, job.deployment))
    return (found.body.get("properties") or {}) if found else {}


def batch_job(double: "Double", job: "Job") -> Document:
    """As the scoring URI answers: two names, `name` and `properties.name`."""
    deployment = _deployment(double, job)
    asked = {name[:1].lower() + name[1:]: value for name, value in (job.body.get("properties") or {}).items()}
    absent = {"description": None, "mode": "ReadOnlyMount"}
    inputs = {name: {**absent, **value} for name, value in (asked.get("inputData") or {}).items()}
    instances = (asked.get("compute") or {}).get("instanceCount")
    compute = {"target": deployment.get("compute"), "instanceCount": instances, "isLocal": False, "location": None}
    properties = {
        "provisioningState": "Succeeded",
        "inputData": inputs,
        **({"outputData": asked["outputData"]} if asked.get("outputData") else {}),
        "compute": {**compute, "instanceType": None, "properties": None},
        "output": {"datastoreId": None, "path": None},
        "retrySettings": asked.get("retrySettings") or deployment.get("retrySettings") or dict(RETRIES),
        "status": job.status,
        "interactionEndpoints": _services(double, job.name, "jobEndpointType", dict.fromkeys(("port", "properties"))),
        "tags": tags(job),
        "properties": _properties(job, deployment),
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
    silent = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
    services = _services(double, name, "jobServiceType", silent)
    absent = dict.fromkeys(
        ("computeId", "identity", "componentId", "settings", "jobs", "inputs", "outputs", "sourceJobId")
    )
    properties = {
        **absent,
        "description": f"Pipeline submission for endpoint: {job.endpoint}, deployment: {job.deployment}.",
        "tags": {name: tags(job)[name] for name in ("azureml.batchrun", "azureml.deploymentname")},
        "properties": _properties(job, _deployment(double, job)),
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
