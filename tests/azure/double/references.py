"""What a body refers to, and what refers to a resource. Knows ids of Azure Resource Manager, and no request."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.exchange import Refusal
from tests.azure.double.routes import WORKSPACE, place
from tests.azure.double.store import Document, Key, Resource, Store, key_of

EXPECTED: Final = {
    "compute": "computes",
    "codeId": "codes/versions",
    "environmentId": "environments/versions",
    "assetId": "",
}
"""Members of a deployment that hold the id of a resource, and of which kind."""

CODES: Final = {
    "computes": "ComputeNotFound",
    "codes/versions": "CodeNotFound",
    "environments/versions": "EnvironmentNotFound",
    "models/versions": "ModelNotFound",
    "components/versions": "ComponentNotFound",
    "data/versions": "DataNotFound",
    "datastores": "DatastoreNotFound",
}
DATASTORE: Final = re.compile(r"azureml://(?:.*/)?datastores/([^/]+)/paths/", re.IGNORECASE)


def named(value: str) -> Key | None:
    """The resource of this workspace whose id a text is, perhaps after `azureml:`; None if it is no such id."""
    found = WORKSPACE.fullmatch(value.removeprefix("azureml:"))
    at = place(found["rest"] or "") if found else None
    return key_of(at.kind, at.names) if at and not at.is_collection and not at.action else None


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)
    elif isinstance(value, str):
        yield name, value


def references(body: Document) -> Iterator[Key]:
    """What a body refers to in this workspace: ids, and datastores in URIs."""
    for name, value in _texts(body.get("properties")):
        if key := named(value):
            yield key
        elif name.lower().endswith("uri") and (found := DATASTORE.match(value)):
            yield key_of("datastores", (found[1],))


def check(kind: str, body: Document, store: Store, behaviours: Behaviours) -> None:
    """Refuse a body that refers to what is not there, or not yet to be seen, or by a short name.

    Raises:
        Refusal: the first of these.
    """
    if not behaviours.unknown_references:
        return
    if kind == "batchEndpoints/deployments":
        _check_form(body)
    for key in references(body):
        found = store.resources.get(key)
        if found is not None and found.unseen_references > 0:
            found.unseen_references -= 1
            found = None
        if found is None:
            of, names = key
            code, name = CODES.get(of, "NotFound"), ":".join(names)
            details = [(code, f"{code.removesuffix('NotFound') or 'Resource'} with name: {name} not found.")]
            raise Refusal(400, "UserError", "The specified resource was not found.", details=details)


def _check_form(body: Document) -> None:
    for name, value in _texts(body.get("properties")):
        if name in EXPECTED:
            key = named(value)
            is_foreign = value.lower().startswith(("azureml://registries/", "azureml://locations/", "/subscriptions/"))
            if (key is None and not is_foreign) or (key and EXPECTED[name] and key[0] != EXPECTED[name]):
                wanted = EXPECTED[name] or "an asset's version"
                raise Refusal(400, "UserError", f"'{value}' is not a valid ARM resource id of {wanted}.")


def check_default(names: tuple[str, ...], body: Document, store: Store) -> None:
    """Refuse an endpoint whose default is a deployment that is not there.

    Raises:
        Refusal: it is.
    """
    default = ((body.get("properties") or {}).get("defaults") or {}).get("deploymentName")
    if default and store.get("batchEndpoints/deployments", (names[0], default)) is None:
        details = [("NoSuchDeployment", f"There is no deployment with name: {default} in endpoint {names[0]}")]
        raise Refusal(400, "UserError", "The specified resource was not found.", details=details)


def dependents(resource: Resource, store: Store) -> list[Resource]:
    """Deployments that refer to a resource, and the endpoint whose default it is."""
    found = []
    for each in store.resources.values():
        if each.kind == "batchEndpoints/deployments" and resource.key in set(references(each.body)):
            found.append(each)
    if resource.kind == "batchEndpoints/deployments":
        endpoint = store.get("batchEndpoints", resource.names[:1])
        defaults = (endpoint.body.get("properties") or {}).get("defaults") if endpoint else None
        if endpoint and str((defaults or {}).get("deploymentName")).lower() == resource.names[1].lower():
            found.append(endpoint)
    return found
