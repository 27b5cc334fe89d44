"""A resource as the service answers it: what was sent, altered habit by habit. It shares nothing with bep."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.azure.double.answering.texts import duration, each_text
from tests.azure.double.answering.unsent import ABSENT_IDENTITY, unsent
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.store import CONTAINERS, Document, Resource, Store
from tests.azure.facts import PREFIX, Types

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
PRINCIPAL: Final = "11111111-2222-3333-4444-555555555555"


@dataclass
class Context:
    """What a resource cannot know of itself."""

    behaviours: Behaviours
    types: Types
    store: Store
    workspace: str  # the ARM id
    location: str
    base: str
    api_version: str


def shown(resource: Resource, context: Context) -> Document:
    """The whole body of an answer about a resource."""
    head = {
        "id": f"{context.workspace}/{resource.path}",
        "name": resource.names[-1],
        "type": PREFIX + resource.kind,
    }
    document = {**copy.deepcopy(resource.body), **head}
    document["systemData"] = {
        "createdAt": resource.created,
        "createdBy": "someone",
        "createdByType": "User",
        "lastModifiedAt": resource.modified,
    }
    for habit, alter in HABITS.items():
        if getattr(context.behaviours, habit):
            document = alter(document, resource, context) or document
    _served(document, resource, context)
    return document


def _served(document: Document, resource: Resource, context: Context) -> None:
    """Members that only the service knows."""
    properties = document.setdefault("properties", {})
    has_state = resource.kind in ("batchEndpoints", "batchEndpoints/deployments", "computes")
    if has_state or context.api_version >= "2023":
        properties["provisioningState"] = _state(resource, context)
    if resource.kind == "batchEndpoints":
        name = resource.names[0]
        known = resource.was_ready or not context.behaviours.late_scoring_uri
        properties["scoringUri"] = f"{context.base}/scoring/{name}/jobs" if known else None
        has_deployments = bool(context.store.of_kind("batchEndpoints/deployments", resource.names))
        properties["swaggerUri"] = f"{context.base}/scoring/{name}/swagger.json" if has_deployments and known else None
    if resource.kind == "computes" and resource.state == "Failed" and resource.operation and resource.operation.error:
        code, message = resource.operation.error
        properties["provisioningErrors"] = [{"error": {"code": code, "message": message}}]
    if resource.kind in CONTAINERS:
        versions = [each.names[1] for each in context.store.of_kind(f"{resource.kind}/versions", resource.names)]
        numbers = [int(each) for each in versions if each.isdigit()]
        properties["latestVersion"] = versions[-1] if versions else None
        properties["nextVersion"] = str(max(numbers, default=0) + 1)


def _has_ended(resource: Resource) -> bool:
    return resource.operation is None or resource.operation.ended is not None


def _state(resource: Resource, context: Context) -> str:
    if _has_ended(resource) or resource.operation is None:
        return resource.state
    if resource.operation.is_deletion:
        return "Deleting"
    if resource.was_ready:
        return "Updating"
    is_deployment = resource.kind == "batchEndpoints/deployments"
    return "Updating" if is_deployment and context.behaviours.updating_on_create else "Creating"


def _numbers(document: Document, resource: Resource, context: Context) -> Document:
    def change(kind: Document, value: Any) -> Any:
        return int(value) if kind["type"] == "integer" and isinstance(value, str) else value

    return _mapped(document, resource, context, change)


def _texts(document: Document, resource: Resource, context: Context) -> Document:
    def change(kind: Document, value: Any) -> Any:
        is_text = kind["type"] in ("string", "words") and isinstance(value, (bool, int))
        return json.dumps(value) if is_text else value

    return _mapped(document, resource, context, change)


def _words(document: Document, resource: Resource, context: Context) -> Document:
    def change(kind: Document, value: Any) -> Any:
        published = {word.lower(): word for word in kind.get("words", ())}
        return published.get(value.lower(), value) if isinstance(value, str) else value

    return _mapped(document, resource, context, change)


def _mapped(
    document: Document, resource: Resource, context: Context, change: Callable[[Document, Any], Any]
) -> Document:
    mapped = context.types.mapped(context.types.root(resource.kind), document, change)
    return dict(mapped)


def _durations(document: Document, _resource: Resource, _context: Context) -> Document:
    names = ("timeout", "nodeIdleTimeBeforeScaleDown")
    return dict(each_text(document, lambda name, value: duration(value) if name in names else value))


def _uris(document: Document, _resource: Resource, _context: Context) -> Document:
    def change(name: str, value: str) -> str:
        is_uri = name.endswith("Uri") and value.startswith("azureml://")
        return re.sub("/resourcegroups/", "/resourceGroups/", value, flags=re.IGNORECASE) if is_uri else value

    return dict(each_text(document, change))


def _references(document: Document, resource: Resource, _context: Context) -> None:
    def change(name: str, value: str) -> str:
        if name not in ("compute", "codeId", "environmentId", "assetId", "resourceId"):
            return value
        value = re.sub("/resourceGroups/", "/resourcegroups/", value, flags=re.IGNORECASE)
        return re.sub(
            r"Microsoft\.MachineLearningServices", "microsoft.machinelearningservices", value, flags=re.IGNORECASE
        )

    if resource.kind == "batchEndpoints/deployments":
        document["properties"] = each_text(document["properties"], change)


def _conda(document: Document, resource: Resource, _context: Context) -> None:
    properties = document["properties"]
    if resource.kind == "environments/versions" and properties.get("condaFile"):
        properties["condaFile"] = json.dumps(yaml.safe_load(properties["condaFile"]), indent=2)


def _size(document: Document, resource: Resource, _context: Context) -> None:
    inner = (document.get("properties") or {}).get("properties") or {}
    if resource.kind == "computes" and isinstance(inner.get("vmSize"), str):
        inner["vmSize"] = inner["vmSize"].upper()


def _location(document: Document, _resource: Resource, _context: Context) -> None:
    if isinstance(document.get("location"), str):
        document["location"] = document["location"].replace(" ", "").lower()


def _secrets(document: Document, resource: Resource, context: Context) -> Document:
    kept = context.types.without(context.types.root(resource.kind), document, "write_only")
    if resource.kind == "datastores" and isinstance(kept["properties"].get("credentials"), dict):
        kept["properties"]["credentials"].pop("secrets", None)
    return dict(kept)


def _service_properties(document: Document, resource: Resource, context: Context) -> None:
    if resource.kind == "batchEndpoints":
        lowered = context.workspace.replace("/resourceGroups/", "/resourcegroups/")
        lowered = lowered.replace(
            "/providers/Microsoft.MachineLearningServices/", "/providers/microsoft.machinelearningservices/"
        )
        own = document["properties"].setdefault("properties", None) or {}
        document["properties"]["properties"] = {
            **own,
            "BatchEndpointCreationApiVersion": resource.api_version,
            "azureml.onlineendpointid": f"{lowered}/onlineendpoints/{resource.names[0]}",
            **({"AzureAsyncOperationUri": resource.operation_url} if resource.operation_url else {}),
        }


def _unsent(document: Document, resource: Resource, context: Context) -> Document:
    identity = document.get("identity") or {}
    if identity.get("type") == "SystemAssigned":
        document["identity"] = {**identity, "principalId": PRINCIPAL, "tenantId": NOBODY}
    filled = _filled(document, unsent(resource.kind, resource.body, context.api_version))
    if resource.kind == "batchEndpoints" and not filled.get("identity"):
        filled["identity"] = dict(ABSENT_IDENTITY)
    return filled


def _filled(document: Document, absent: Document) -> Document:
    """A document with what it lacks; null counts as lacking where there is a default."""
    merged = dict(document)
    for name, value in absent.items():
        if isinstance(value, dict) and isinstance(merged.get(name), dict):
            merged[name] = _filled(merged[name], value)
        elif merged.get(name) is None:
            merged[name] = copy.deepcopy(value)
    return merged


def _empty(document: Document, resource: Resource, _context: Context) -> None:
    resources = (document.get("properties") or {}).get("resources")
    if resource.kind == "batchEndpoints/deployments" and resources and resources.get("properties") == {}:
        resources["properties"] = None


def _component(document: Document, resource: Resource, _context: Context) -> None:
    spec = document["properties"].get("componentSpec")
    if resource.kind == "components/versions" and isinstance(spec, dict):
        name, version = resource.names
        document["properties"]["componentSpec"] = {"name": name, "version": version, "is_deterministic": True, **spec}


HABITS: Final[dict[str, Callable[[Document, Resource, Context], Document | None]]] = {
    "numbers_from_text": _numbers,
    "lenient_text": _texts,
    "words_in_published_casing": _words,
    "durations_respelled": _durations,
    "uri_casing": _uris,
    "reference_casing": _references,
    "conda_as_json": _conda,
    "vm_size_upper_case": _size,
    "location_folded": _location,
    "secrets_hidden": _secrets,
    "service_properties": _service_properties,
    "unsent_members": _unsent,
    "empty_becomes_null": _empty,
    "component_filled": _component,
}
"""In this order; a switch of Behaviours each."""
