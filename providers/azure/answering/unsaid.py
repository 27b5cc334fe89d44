"""What the service says of members that nobody said anything of: null, empty, or its default. Pure data.

Published in azure-rest-api-specs, machinelearningservices 2024-10-01; as Microsoft's recorded exchanges have it.
"""

from collections.abc import Mapping
from typing import Any, Final

LOCATION: Final = "local"
"""The region of a workspace that is in none."""
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_ASSET: Final[Mapping[str, Any]] = {"description": None, "tags": {}, "properties": {}, "isArchived": False}
_VERSION: Final[Mapping[str, Any]] = {**_ASSET, "isAnonymous": False}
_SCALE: Final = {"minNodeCount": 0, "maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT2M"}
_NODES: Final = ("preparing", "running", "idle", "unusable", "leaving", "preempted")

CONTAINER: Final[Mapping[str, Any]] = {"properties": _ASSET}
"""Of what has the versions of a name."""
WITHOUT_STATE: Final = ("datastore", "data")
"""The kinds whose objects are published without a provisioning state: they are there or not."""

UNSAID: Final[Mapping[str, Mapping[str, Any]]] = {
    "endpoint": {
        "location": LOCATION,
        "tags": {},
        "identity": {"type": "None", "principalId": NOBODY, "tenantId": NOBODY},
        "properties": {
            "authMode": "AADToken",
            "description": None,
            "properties": {},
            "defaults": {"deploymentName": None},
            "scoringUri": None,
            "swaggerUri": None,
        },
    },
    "deployment": {
        "location": LOCATION,
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
            "deploymentConfiguration": None,
        },
    },
    "compute": {
        "location": LOCATION,
        "tags": {},
        "identity": None,
        "properties": {
            "computeLocation": LOCATION,
            "description": None,
            "resourceId": None,
            "provisioningErrors": None,
            "isAttachedCompute": False,
            "disableLocalAuth": False,
            "properties": {
                "osType": "Linux",
                "vmPriority": "Dedicated",
                "virtualMachineImage": None,
                "isolatedNetwork": False,
                "scaleSettings": _SCALE,
                "subnet": None,
                "userAccountCredentials": None,
                "remoteLoginPortPublicAccess": "NotSpecified",
                "enableNodePublicIp": True,
                "allocationState": "Steady",
                "errors": None,
                "currentNodeCount": 0,
                "targetNodeCount": 0,
                "nodeStateCounts": {f"{name}NodeCount": 0 for name in _NODES},
            },
        },
    },
    "component": {"properties": _VERSION},
    "data": {"properties": _VERSION},
    "environment": {
        "properties": {**_VERSION, "environmentType": "UserCreated", "osType": "Linux", "stage": None},
    },
    "model": {
        "properties": {**_VERSION, "flavors": {}, "modelType": "custom_model", "jobName": None, "stage": None},
    },
    "datastore": {
        "properties": {
            "description": None,
            "tags": {},
            "properties": {},
            "isDefault": False,
            "resourceGroup": None,
            "subscriptionId": None,
            "serviceDataAccessAuthIdentity": "None",
        },
    },
}
"""By kind. A model's deployment and a pipeline's have the same members; a pipeline's say nothing."""
