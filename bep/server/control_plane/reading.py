"""What is there, over the routes of Azure Resource Manager: the workspace, its objects, their versions. Reads alone."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from bep.app.served.objects import Shown, listed, one
from bep.server.access.callers import Caller, Following, Looking
from bep.server.access.signed import discovery_url
from bep.server.answers import Answering, Unanswered
from bep.server.control_plane.asked import Area, Asked, Version
from bep.server.control_plane.pages import listing
from bep.server.control_plane.spelling import PROVIDER
from bep.server.shapes.places import GROUP as RESOURCE_GROUP
from bep.server.site import Served

router = APIRouter(tags=["resources"], route_class=Answering)

SUBSCRIPTION: Final = "/subscriptions/{subscription}"
GROUP: Final = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
WORKSPACES: Final = f"{GROUP}/providers/{PROVIDER}/workspaces"
WORKSPACE: Final = f"{WORKSPACES}/{{workspace}}"
NONE_HERE: Final = ("codes", "onlineEndpoints", "serverlessEndpoints", "connections", "featuresets")
"""Collections that the service has and this workspace has nothing of: a list of them is empty, and no error."""


@router.get(WORKSPACE)
def get_workspace(caller: Following, area: Asked) -> dict[str, Any]:
    """The workspace: its name, and where its other services are."""
    return workspace_body(area, caller)


@router.get(f"{SUBSCRIPTION}/providers/{PROVIDER}/workspaces")
def list_workspaces_of_subscription(
    caller: Looking, site: Served, subscription: str, version: Version
) -> dict[str, Any]:
    """The one workspace that is served, in a resource group of bep's choice."""
    return {"value": [workspace_body(Area(site, subscription, RESOURCE_GROUP, ""), caller)], "nextLink": None}


@router.get(WORKSPACES)
def list_workspaces(caller: Looking, site: Served, subscription: str, group: str, version: Version) -> dict[str, Any]:
    """The one workspace that is served."""
    return {"value": [workspace_body(Area(site, subscription, group, ""), caller)], "nextLink": None}


def workspace_body(area: Area, caller: Caller) -> dict[str, Any]:
    """The workspace as Resource Manager has it."""
    import uuid

    opened = area.opened
    facts = {
        "workspaceId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{area.site.root}/{opened.workspace.home}")),
        "discoveryUrl": discovery_url(area.site, caller),
        "storageAccount": f"/subscriptions/{area.subscription}/resourceGroups/{area.group}"
        "/providers/Microsoft.Storage/storageAccounts/bep",
        "v1LegacyMode": False,
    }
    return area.bodies.workspace(opened.workspace.name, facts)


@router.get(WORKSPACE + "/batchEndpoints")
def list_endpoints(request: Request, caller: Following, area: Asked) -> dict[str, Any]:
    """The endpoints."""
    return _page(request, area, listed(area.opened, "endpoint", area.around))


@router.get(WORKSPACE + "/batchEndpoints/{endpoint}")
def get_endpoint(response: Response, caller: Following, area: Asked, endpoint: str) -> dict[str, Any]:
    """One endpoint: where its jobs are sent, and which deployment runs them."""
    return _object(response, area, one(area.opened, "endpoint", area.around, endpoint))


@router.get(WORKSPACE + "/batchEndpoints/{endpoint}/deployments")
def list_deployments(request: Request, caller: Following, area: Asked, endpoint: str) -> dict[str, Any]:
    """The deployments of an endpoint."""
    return _page(request, area, listed(area.opened, "deployment", area.around, endpoint))


@router.get(WORKSPACE + "/batchEndpoints/{endpoint}/deployments/{deployment}")
def get_deployment(
    response: Response, caller: Following, area: Asked, endpoint: str, deployment: str
) -> dict[str, Any]:
    """One deployment."""
    return _object(response, area, one(area.opened, "deployment", area.around, endpoint, deployment))


@router.get(WORKSPACE + "/datastores")
def list_datastores(request: Request, caller: Following, area: Asked) -> dict[str, Any]:
    """The datastores; with `isDefault=true` the one that inputs are sent to."""
    found = listed(area.opened, "datastore", area.around)
    wanted = request.query_params.get("isDefault", "").casefold()
    if wanted in ("true", "false"):
        found = [each for each in found if area.bodies.is_default(each) is (wanted == "true")]
    return _page(request, area, found)


@router.get(WORKSPACE + "/datastores/{datastore}")
def get_datastore(response: Response, caller: Following, area: Asked, datastore: str) -> dict[str, Any]:
    """One datastore, without what opens it."""
    return _object(response, area, one(area.opened, "datastore", area.around, datastore))


@router.get(WORKSPACE + "/schedules")
def list_schedules(
    request: Request,
    caller: Looking,
    area: Asked,
    view: Annotated[str, Query(alias="listViewType", description="EnabledOnly, DisabledOnly or All.")] = "EnabledOnly",
) -> dict[str, Any]:
    """The schedules, unless otherwise asked for those that are on."""
    found = listed(area.opened, "schedule", area.around)
    wanted = {"all": (True, False), "disabledonly": (False,)}.get(view.casefold(), (True,))
    return _page(request, area, [one for one in found if one.observed.attributes.get("is_enabled", True) in wanted])


@router.get(WORKSPACE + "/{collection}")
def list_objects(request: Request, caller: Looking, area: Asked, collection: str) -> dict[str, Any]:
    """Every compute; the names of models, data assets, environments or components."""
    if collection in NONE_HERE:
        return {"value": [], "nextLink": None}
    kind = area.kind(collection)
    found = listed(area.opened, kind, area.around)
    if not area.bodies.has_versions(kind):
        return _page(request, area, found)
    names: dict[str, list[Shown]] = {}
    for each in found:
        names.setdefault(area.bodies.name_of(each), []).append(each)
    place = area.site.address + quote(request.url.path)
    return listing(
        list(names.items()),
        dict(request.query_params),
        place,
        lambda pair: area.bodies.name_of_all(kind, pair[0], pair[1]),
    )


@router.get(WORKSPACE + "/{collection}/{name}")
def get_object(response: Response, caller: Following, area: Asked, collection: str, name: str) -> dict[str, Any]:
    """One compute; what has the versions of a name, and which is the latest."""
    kind = area.kind(collection)
    if not area.bodies.has_versions(kind):
        return _object(response, area, one(area.opened, kind, area.around, name))
    versions = listed(area.opened, kind, area.around, name)
    return area.bodies.name_of_all(kind, area.bodies.name_of(versions[0]), versions)


@router.get(WORKSPACE + "/{collection}/{name}/versions")
def list_versions(request: Request, caller: Following, area: Asked, collection: str, name: str) -> dict[str, Any]:
    """The versions of a name, oldest first; `$orderBy=createdtime desc` has the latest first."""
    kind = _versioned(area, collection)
    return _page(request, area, listed(area.opened, kind, area.around, name))


@router.get(WORKSPACE + "/{collection}/{name}/versions/{version}")
@router.get(WORKSPACE + "/{collection}/{name}/labels/{label}", include_in_schema=False)
def get_version(
    response: Response, caller: Following, area: Asked, collection: str, name: str, version: str = "", label: str = ""
) -> dict[str, Any]:
    """One version of a name; `latest`, as a label, is the one that was made last."""
    kind = _versioned(area, collection)
    if label.casefold() == "latest":
        return _object(response, area, listed(area.opened, kind, area.around, name)[-1])
    return _object(response, area, one(area.opened, kind, area.around, name, version or label))


def _versioned(area: Area, collection: str) -> str:
    kind = area.kind(collection)
    if not area.bodies.has_versions(kind):
        raise Unanswered(404, "InvalidResourceType", f"workspaces/{collection} have no versions.")
    return kind


def _page(request: Request, area: Area, found: Sequence[Shown]) -> dict[str, Any]:
    place = area.site.address + quote(request.url.path)
    return listing(found, dict(request.query_params), place, area.bodies.body)


def _object(response: Response, area: Area, found: Shown) -> dict[str, Any]:
    """The object, and in a header the version that a later change may be bound to."""
    response.headers["ETag"] = f'"{found.observed.etag}"'
    return area.bodies.body(found)
