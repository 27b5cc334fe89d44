"""What the service says of members that nobody sent: null, {} and its defaults, kind by kind, by api-version."""

import copy
from typing import Any, Final

Document = dict[str, Any]

ABSENT_IDENTITY: Final = {
    "type": "None",
    "principalId": "00000000-0000-0000-0000-000000000000",
    "tenantId": "00000000-0000-0000-0000-000000000000",
}
_ASSET: Final[Document] = {"description": None, "tags": {}, "properties": {}, "isArchived": False}
_VERSION: Final[Document] = {**_ASSET, "isAnonymous": False}

UNSENT: Final[dict[str, Document]] = {
    "batchEndpoints": {
        "tags": {},
        "properties": {"description": None, "properties": {}, "defaults": {"deploymentName": None}},
    },
    "batchEndpoints/deployments": {
        "tags": {},
        "properties": {
            "description": None,
            "properties": {},
            "environmentVariables": {},
            "codeConfiguration": None,
            "environmentId": None,
            "compute": None,
            "model": None,
            "errorThreshold": -1,
            "retrySettings": {"maxRetries": 3, "timeout": "PT30S"},
            "miniBatchSize": 10,
            "loggingLevel": "Info",
            "maxConcurrencyPerInstance": 1,
            "outputAction": "AppendRow",
            "outputFileName": "predictions.csv",
            "resources": {"instanceCount": 1, "instanceType": None, "properties": None},
        },
    },
    "computes": {
        "tags": None,
        "identity": None,
        "properties": {
            "computeLocation": None,
            "description": None,
            "createdOn": "2023-04-09T00:26:46.2787237+00:00",
            "modifiedOn": "2023-04-09T00:26:46.2787237+00:00",
            "resourceId": None,
            "provisioningErrors": None,
            "isAttachedCompute": False,
            "disableLocalAuth": False,
            "properties": {
                "osType": "Linux",
                "vmPriority": "Dedicated",
                "virtualMachineImage": None,
                "isolatedNetwork": False,
                "scaleSettings": {"minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"},
                "subnet": None,
                "userAccountCredentials": None,
                "remoteLoginPortPublicAccess": "NotSpecified",
                "enableNodePublicIp": True,
                "propertyBag": {},
                "allocationState": "Steady",
                "allocationStateTransitionTime": "2023-04-09T00:26:46.2787237+00:00",
                "errors": None,
                "currentNodeCount": 0,
                "targetNodeCount": 0,
                "nodeStateCounts": {
                    "preparingNodeCount": 0,
                    "runningNodeCount": 0,
                    "idleNodeCount": 0,
                    "unusableNodeCount": 0,
                    "leavingNodeCount": 0,
                    "preemptedNodeCount": 0,
                },
            },
        },
    },
    "codes/versions": {"properties": _VERSION},
    "components/versions": {"properties": _VERSION},
    "data/versions": {"properties": _VERSION},
    "environments/versions": {"properties": {**_VERSION, "environmentType": "UserCreated", "osType": "Linux"}},
    "models/versions": {
        "properties": {**_VERSION, "flavors": {}, "modelType": "custom_model", "jobName": None},
    },
    "datastores": {
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            "isDefault": False,
            "resourceGroup": None,
            "subscriptionId": None,
            "serviceDataAccessAuthIdentity": "None",
            "endpoint": "core.windows.net",
            "protocol": "https",
        },
    },
}
NEWER: Final[dict[str, Document]] = {
    "batchEndpoints/deployments": {"properties": {"deploymentConfiguration": None}},
    "models/versions": {"properties": {"stage": None}},
    "environments/versions": {"properties": {"stage": None}},
}
"""Members that the recordings of 2022-05-01 do not have, and later types do."""


def unsent(kind: str, sent: Document, api_version: str) -> Document:
    """What a resource of a kind is filled with."""
    if kind in ("codes", "components", "data", "environments", "models"):
        return {"properties": copy.deepcopy(_ASSET)}
    filled = copy.deepcopy(UNSENT.get(kind, {}))
    if api_version >= "2023":
        filled.setdefault("properties", {}).update(copy.deepcopy(NEWER.get(kind, {}).get("properties", {})))
    if kind == "computes":
        properties = sent.get("properties") or {}
        filled["properties"]["computeLocation"] = sent.get("location")
        if str(properties.get("computeType")).lower() != "amlcompute":
            del filled["properties"]["properties"]
    if kind == "batchEndpoints/deployments" and (sent.get("properties") or {}).get("deploymentConfiguration"):
        del filled["properties"]["resources"]
    return filled
