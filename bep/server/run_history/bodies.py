"""A job as run history has it: a run, and one child of it that scores. Pure.

Members: azure-ai-ml's clients of run history and of the data of runs, api-version v1.0 and 1.5.0.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.app.workspace.datastores import in_datastore
from bep.lazy_patterns import lazy_pattern
from bep.server.shapes.scoring_jobs import moment, studio

if TYPE_CHECKING:
    from bep.app.jobs.records import JobError, JobRecord

STEP: Final = "batchscoring"
"""The one step of a batch endpoint's job."""
FAILURES: Final = 5  # of the script's errors that are told
_CHILD: Final = f"~{STEP}"  # a job's name has no ~: no job is called as the step of another
_ASSET = lazy_pattern(r"azureml://locations/[^/]+/workspaces/[^/]+/data/azureml_(.+)_output_data_score/versions/1")


def job_of(run: str) -> str:
    """The job that a run is: its own, or that of the step."""
    return run.removesuffix(_CHILD)


def details(record: "JobRecord", run: str, address: str, logs: Mapping[str, str]) -> dict[str, Any]:
    """What clients ask for again and again while they follow a run; `logs` are the addresses of its logs."""
    return {
        **_run(record, run, address),
        "createdTimeUtc": moment(record.created),
        "error": _error(record),
        "warnings": [{"source": "bep", "message": text} for text in record.warnings],
        "logFiles": dict(logs),
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": None,
        "revision": record.runs,
    }


def run_of(record: "JobRecord", run: str, address: str, workspace: str) -> dict[str, Any]:
    """The run as it is listed, and as the data of runs has it."""
    return {
        **_run(record, run, address),
        "createdUtc": moment(record.created),
        "displayName": record.name if run == record.name else STEP,
        "name": run,
        "runNumber": 1,
        "error": _error(record),
        "warnings": [],
        "hidden": False,
        "outputs": {"score": {"assetId": asset_of(run, workspace), "type": "uri_folder"}},
    }


def child_of(record: "JobRecord", address: str, workspace: str) -> dict[str, Any]:
    """The step of a job: its output is the job's."""
    return run_of(record, f"{record.name}{_CHILD}", address, workspace)


def asset_of(run: str, workspace: str) -> str:
    """The id that a run's output has as data."""
    return f"azureml://locations/local/workspaces/{workspace}/data/azureml_{run}_output_data_score/versions/1"


def run_of_asset(asset: str) -> str | None:
    """The run whose output an id is; None for any other id."""
    found = _ASSET.fullmatch(asset)
    return found[1] if found else None


def long_address(output: str, workspace_id: str) -> str:
    """A path in a datastore with the workspace named, as the data of runs has it."""
    found = in_datastore(output)
    assert found is not None  # the address of a job's output
    place = workspace_id.replace("/providers/Microsoft.MachineLearningServices", "").replace("Groups/", "groups/")
    return f"azureml:/{place}/datastores/{found[0]}/paths/{found[1]}"


def _run(record: "JobRecord", run: str, address: str) -> dict[str, Any]:
    is_child = run != record.name
    return {
        "runId": run,
        "runUuid": run,
        "parentRunId": record.name if is_child else None,
        "rootRunId": record.name,
        "experimentId": record.target.endpoint,
        "status": str(record.status),
        "startTimeUtc": moment(record.started),
        "endTimeUtc": moment(record.finished),
        "target": None,
        "runType": "azureml.StepRun" if is_child else "azureml.PipelineRun",
        "description": None,
        "tags": {"azureml.batchrun": "true", "azureml.deploymentname": record.target.deployment},
        "properties": {"azureml.moduleName": STEP} if is_child else {"azureml.pipelineComponent": "pipelinerun"},
        "services": studio(record.name, address),
    }


def _error(record: "JobRecord") -> dict[str, Any] | None:
    """Why the job failed, with what the script raised, which is why most do: clients print it."""
    if record.error is None:
        return None
    raised = [_root(failure) for failure in record.failures[:FAILURES]]
    first = raised[0]["message"] if raised and not record.error.traceback else ""
    found = _root(record.error)
    message = "\n".join(text for text in (found["message"], first) if text)
    return {"error": {**found, "message": message, "details": raised}, "time": moment(record.finished)}


def _root(error: "JobError") -> dict[str, Any]:
    files = "files: " + ", ".join(error.files) if error.files else ""
    told = (error.message, files, error.traceback.rstrip(), error.fix)
    return {"code": error.code, "message": "\n".join(text for text in told if text), "details": []}
