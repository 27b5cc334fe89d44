"""Bodies that the service takes, and a double that has what a deployment refers to."""

from typing import Any

from tests.azure.double.double import Double

Document = dict[str, Any]


def endpoint(**properties: Any) -> Document:
    """An endpoint as a client of the service writes it."""
    return {"location": "eastus2", "properties": {"authMode": "aadToken", **properties}}


def compute(**scale: Any) -> Document:
    """A cluster that costs nothing while it is idle."""
    settings = {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT120S", **scale}
    inner = {"vmSize": "Standard_DS3_v2", "vmPriority": "dedicated", "scaleSettings": settings}
    return {"location": "eastus2", "properties": {"computeType": "AmlCompute", "properties": inner}}


def environment() -> Document:
    """An image, and packages as YAML."""
    conda = "name: e\ndependencies:\n- python=3.11\n- pip:\n  - numpy\n"
    return {"properties": {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", "condaFile": conda}}


def model(azure: Double, folder: str = "LocalUpload/0/model") -> Document:
    """A model in the workspace's own datastore, whose URI says resourcegroups."""
    group = f"subscriptions/{azure.subscription_id}/resourcegroups/{azure.resource_group}"
    uri = f"azureml://{group}/workspaces/{azure.workspace_name}/datastores/workspaceblobstore/paths/{folder}"
    return {"properties": {"modelType": "custom_model", "modelUri": uri}}


def code(azure: Double) -> Document:
    """A code version whose files are where the service keeps them."""
    return {"properties": {"codeUri": f"{azure.blob.url}/{azure.blob.container}/codes", "isAnonymous": False}}


def deployment(azure: Double, **properties: Any) -> Document:
    """A deployment of what `furnished` has."""
    body = {
        "compute": azure.id_of("computes/cpu"),
        "model": {"referenceType": "Id", "assetId": azure.id_of("models/m/versions/1")},
        "codeConfiguration": {"codeId": azure.id_of("codes/c/versions/1"), "scoringScript": "score.py"},
        "environmentId": azure.id_of("environments/e/versions/1"),
        "loggingLevel": "info",
        "resources": {"instanceCount": 1, "properties": {}},
        **properties,
    }
    return {"location": "eastus2", "properties": body}


def furnished(azure: Double) -> Double:
    """The double with an endpoint ep1 and all that a deployment refers to."""
    azure.seed("computes/cpu", compute())
    azure.seed("models/m/versions/1", model(azure))
    azure.seed("codes/c/versions/1", code(azure))
    azure.seed("environments/e/versions/1", environment())
    azure.seed("batchEndpoints/ep1", endpoint())
    return azure
