"""What is around the workspace's resources: the workspace itself, its region's sizes and quotas, rights, discovery."""

import re
from typing import TYPE_CHECKING, Final

from tests.azure.double.exchange import Answer, Refusal, Request
from tests.azure.double.store import Document

if TYPE_CHECKING:
    from tests.azure.double.double import Double

API_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(-preview|-dataplanepreview)?")


def check_api_version(request: Request) -> None:
    """Take any that is well formed, as clients are bound to many.

    Raises:
        Refusal: it is not.
    """
    if not API_VERSION.fullmatch(request.api_version):
        said = f"No registered resource provider found for API version '{request.api_version}'."
        raise Refusal(400, "NoRegisteredProviderFound", said)


def check_workspace(double: "Double", found: "re.Match[str]") -> None:
    """Refuse what is not the double's workspace.

    Raises:
        Refusal: another subscription, group or workspace.
    """
    if found["subscription"].lower() != double.subscription_id.lower():
        said = f"The subscription '{found['subscription']}' could not be found."
        raise Refusal(404, "SubscriptionNotFound", said)
    if found["group"].lower() != double.resource_group.lower():
        raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{found['group']}' could not be found.")
    if found["workspace"].lower() != double.workspace_name.lower():
        said = (
            f"The Resource 'Microsoft.MachineLearningServices/workspaces/{found['workspace']}' under resource group "
            f"'{found['group']}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
        raise Refusal(404, "ResourceNotFound", said)


def furnish(double: "Double") -> None:
    """The datastores that every workspace has, on the account that the double has now."""
    for name, is_default in (("workspaceblobstore", True), ("workspaceartifactstore", False)):
        secrets = {"secretsType": "AccountKey"}
        properties: Document = {
            "datastoreType": "AzureBlob",
            "isDefault": is_default,
            "accountName": double.blob.account,
            "containerName": double.blob.container if is_default else "azureml",
            "endpoint": double.blob.endpoint,
            "protocol": double.blob.url.partition(":")[0],
            "credentials": {"credentialsType": "AccountKey", "secrets": secrets},
        }
        double.seed(f"datastores/{name}", {"properties": properties})


def storage_account(double: "Double") -> str:
    """The ARM id of the account behind the workspace's datastores."""
    group = f"/subscriptions/{double.subscription_id}/resourceGroups/{double.resource_group}"
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{double.blob.account}"


def workspace(double: "Double", request: Request) -> Answer:
    """The workspace itself."""
    if request.method != "GET":
        raise Refusal(405, "MethodNotAllowed", "This double has one workspace, which can only be read.")
    properties: Document = {
        "friendlyName": double.workspace_name,
        "workspaceId": "23232323-4545-6767-8989-101010101010",
        "provisioningState": "Succeeded",
        "storageAccount": storage_account(double),
        "discoveryUrl": f"{request.base}/discovery",
        "mlFlowTrackingUri": f"azureml://{double.location}.api.azureml.ms/mlflow/v1.0{double.workspace}",
        "publicNetworkAccess": "Enabled",
        "v1LegacyMode": False,
    }
    kind = "Microsoft.MachineLearningServices/workspaces"
    head = {"id": double.workspace, "name": double.workspace_name, "type": kind, "location": double.location}
    return Answer(200, {**head, "tags": {}, "identity": {"type": "SystemAssigned"}, "properties": properties})


def in_workspace(double: "Double", request: Request, rest: str) -> Answer | None:
    """What is no resource of the workspace, but asked for below it: rights."""
    if rest.lower() == "/providers/microsoft.authorization/permissions":
        return _permissions(double)
    return None


def _permissions(double: "Double") -> Answer:
    allowed = {"actions": ["*"], "notActions": double.denied_actions, "dataActions": [], "notDataActions": []}
    return Answer(200, {"value": [allowed]})


def public(request: Request) -> Answer | None:
    """What is answered without a token."""
    return Answer(200, {"api": request.base}) if request.path == "/discovery" else None


def answer(double: "Double", request: Request) -> Answer | None:
    """What is not below the workspace; None if nothing that the double has."""
    path = request.path.lower()
    subscription = f"/subscriptions/{double.subscription_id}".lower()
    if not path.startswith(subscription):
        raise Refusal(404, "SubscriptionNotFound", f"The subscription of '{request.path}' could not be found.")
    rest = path.removeprefix(subscription)
    group = f"/resourcegroups/{double.resource_group}".lower()
    if rest == "":
        return Answer(200, _subscription(double))
    if rest == group:
        return Answer(200, {"id": f"/subscriptions/{double.subscription_id}{group}", "location": double.location})
    if rest in (
        "/providers/microsoft.authorization/permissions",
        f"{group}/providers/microsoft.authorization/permissions",
    ):
        return _permissions(double)
    services = "/providers/microsoft.machinelearningservices"
    if rest == services:
        return Answer(200, {"namespace": "Microsoft.MachineLearningServices", "registrationState": "Registered"})
    if rest == f"{services}/workspaces":
        return _workspaces(double)
    if rest.startswith(f"{services}/locations/{double.location}/".lower()):
        return _in_region(double, request, request.path.rpartition("/locations/")[2].partition("/")[2])
    return None


def neighbour(double: "Double", found: "re.Match[str]") -> Answer:
    """What another workspace of the region says of its endpoints."""
    name = (found["rest"] or "").rpartition("/batchEndpoints/")[2]
    if name not in double.neighbours[found["workspace"]]:
        raise Refusal(404, "NotFound", f"There is no endpoint with name: {name} in {found['workspace']}")
    return Answer(200, {"name": name, "properties": {}})


def _workspaces(double: "Double") -> Answer:
    above = double.workspace.rpartition("/")[0]
    names = [double.workspace_name, *double.neighbours]
    return Answer(200, {"value": [{"id": f"{above}/{name}", "location": double.location} for name in names]})


def _subscription(double: "Double") -> Document:
    from tests.azure.double.tokens import TENANT

    one = double.subscription_id
    return {"id": f"/subscriptions/{one}", "subscriptionId": one, "tenantId": TENANT, "state": "Enabled"}


def _in_region(double: "Double", request: Request, rest: str) -> Answer | None:
    what, _, name = rest.partition("/")
    match what.lower():
        case "usages":
            return Answer(200, {"value": [_usage(double), *_families(double)]})
        case "quotas":
            return Answer(200, {"value": [{**_usage(double), "unit": "Count"}]})
        case "vmsizes":
            sizes = [
                {
                    "name": size,
                    "vCPUs": cores,
                    "family": double.vm_families.get(size),
                    "supportedComputeTypes": ["AmlCompute"],
                }
                for size, cores in double.vm_sizes.items()
            ]
            return Answer(200, {"value": sizes})
        case "mfeoperationsstatus" | "computeoperationsstatus":
            return _status(double, request, name)
        case "mfeoperationresults" | "computeoperationresults":
            operation = double.store.operations.get(name)
            if operation is None:
                raise Refusal(404, "NotFound", f"There is no operation {name}.")
            return Answer(204 if operation.look() else 202, headers=double.retry_after())
    return None


def _usage(double: "Double") -> Document:
    used = sum(_cores(double, each.body) for each in double.store.of_kind("computes"))
    name = {
        "value": "Total Cluster Dedicated Regional vCPUs",
        "localizedValue": "Total Cluster Dedicated Regional vCPUs",
    }
    kind = "Microsoft.MachineLearningServices/totalDedicatedCores/usages"
    return {"name": name, "type": kind, "unit": "Count", "currentValue": used, "limit": used + double.cores_left}


def _families(double: "Double") -> list[Document]:
    """Quotas of families as the published example has them: of the subscription, and of one compute, a part of it."""
    kind = "Microsoft.MachineLearningServices/vmFamily/usages"
    rows: list[Document] = []
    for name, limit in double.family_limits.items():
        told = {"type": kind, "unit": "Count", "name": {"value": name, "localizedValue": name}}
        where = f"usages/{name.replace(' ', '_')}"
        rows.append(
            {"id": f"/subscriptions/{double.subscription_id}/{where}", **told, "currentValue": 0, "limit": limit}
        )
        rows.append({"id": f"{double.workspace}/computes/other/{where}", **told, "currentValue": 0, "limit": 1})
    return rows


def _cores(double: "Double", body: Document) -> int:
    inner = (body.get("properties") or {}).get("properties") or {}
    sizes = {size.lower(): cores for size, cores in double.vm_sizes.items()}
    scale = inner.get("scaleSettings") or {}
    return sizes.get(str(inner.get("vmSize")).lower(), 0) * int(scale.get("minNodeCount") or 0)


def _status(double: "Double", request: Request, name: str) -> Answer:
    operation = double.store.operations.get(name)
    if operation is None:
        raise Refusal(404, "NotFound", f"There is no operation {name}.")
    has_ended = operation.look()
    running = "Updating" if double.behaviours.updating_as_status else "InProgress"
    body: Document = {
        "id": request.path,
        "name": name,
        "startTime": operation.started,
        "percentComplete": 100.0 if has_ended else 0.0,
        "status": running,
    }
    if has_ended:
        body |= {"endTime": operation.ended, "status": "Failed" if operation.error else "Succeeded"}
    if has_ended and operation.error:
        code, message = operation.error
        body["error"] = {"code": code, "message": message, "details": [], "additionalInfo": []}
    return Answer(200, body, {} if has_ended else double.retry_after())
