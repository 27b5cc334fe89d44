"""Writing over the routes of Azure Resource Manager: one object made, changed or deleted, as an apply of one resource.

Every write is through when it is answered, so no operation has to be polled.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Response

from bep.app.errors import NotFound
from bep.app.served.objects import BodyRefused, Shown, address_for, kind_of_collection, one
from bep.app.served.writing import UNDONE, make, take_away
from bep.server.access.callers import Changing
from bep.server.answers import Answering, JSONAnswer, Unanswered
from bep.server.control_plane.asked import Area, Asked
from bep.server.control_plane.reading import WORKSPACE
from bep.server.control_plane.refusing import refusal

router = APIRouter(tags=["resources"], route_class=Answering)

ENDPOINT: Final = WORKSPACE + "/batchEndpoints/{endpoint}"
DEPLOYMENT: Final = ENDPOINT + "/deployments/{deployment}"
PLAIN: Final = WORKSPACE + "/{collection}/{name}"
VERSION: Final = PLAIN + "/versions/{version}"

Resource = Annotated[dict[str, Any], Body(description="The resource, as Azure Resource Manager has it.")]
IfMatch = Annotated[str | None, Header(description="Only if it is this version still, as its ETag says.")]
IfNone = Annotated[str | None, Header(alias="If-None-Match", description="`*`: only if it is not there yet.")]


@router.put(ENDPOINT)
def put_endpoint(
    caller: Changing, area: Asked, endpoint: str, body: Resource, if_match: IfMatch = None, if_none: IfNone = None
) -> JSONAnswer:
    """Make or change an endpoint; `defaults.deploymentName` moves its traffic."""
    return _put(area, caller.name, ("endpoint", endpoint), body, if_match, if_none)


@router.patch(ENDPOINT)
def patch_endpoint(
    caller: Changing, area: Asked, endpoint: str, body: Resource, if_match: IfMatch = None
) -> JSONAnswer:
    """Change members of an endpoint."""
    return _patch(area, caller.name, ("endpoint", endpoint), body, if_match)


@router.delete(ENDPOINT)
def delete_endpoint(caller: Changing, area: Asked, endpoint: str, if_match: IfMatch = None) -> Response:
    """Delete an endpoint that has no deployment any more."""
    return _delete(area, caller.name, ("endpoint", endpoint), if_match)


@router.put(DEPLOYMENT)
def put_deployment(
    caller: Changing,
    area: Asked,
    endpoint: str,
    deployment: str,
    body: Resource,
    if_match: IfMatch = None,
    if_none: IfNone = None,
) -> JSONAnswer:
    """Make or change a deployment, with code and a model that are here already."""
    one(area.opened, "endpoint", area.around, endpoint)
    return _put(area, caller.name, ("deployment", endpoint, deployment), body, if_match, if_none)


@router.patch(DEPLOYMENT)
def patch_deployment(
    caller: Changing, area: Asked, endpoint: str, deployment: str, body: Resource, if_match: IfMatch = None
) -> JSONAnswer:
    """Change members of a deployment."""
    return _patch(area, caller.name, ("deployment", endpoint, deployment), body, if_match)


@router.delete(DEPLOYMENT)
def delete_deployment(
    caller: Changing, area: Asked, endpoint: str, deployment: str, if_match: IfMatch = None
) -> Response:
    """Delete a deployment that has no traffic."""
    return _delete(area, caller.name, ("deployment", endpoint, deployment), if_match)


@router.put(PLAIN)
def put_object(
    caller: Changing,
    area: Asked,
    collection: str,
    name: str,
    body: Resource,
    if_match: IfMatch = None,
    if_none: IfNone = None,
) -> JSONAnswer:
    """Make or change a compute, or a datastore that is a folder of this machine's."""
    return _put(area, caller.name, (_plain(area, collection), name), body, if_match, if_none)


@router.patch(PLAIN)
def patch_object(
    caller: Changing, area: Asked, collection: str, name: str, body: Resource, if_match: IfMatch = None
) -> JSONAnswer:
    """Change members of a compute, or of a datastore."""
    return _patch(area, caller.name, (_plain(area, collection), name), body, if_match)


@router.delete(PLAIN)
def delete_object(caller: Changing, area: Asked, collection: str, name: str, if_match: IfMatch = None) -> Response:
    """Delete a compute or a datastore that nothing refers to."""
    return _delete(area, caller.name, (_plain(area, collection), name), if_match)


@router.put(VERSION)
def put_version(
    caller: Changing,
    area: Asked,
    collection: str,
    name: str,
    version: str,
    body: Resource,
    if_match: IfMatch = None,
    if_none: IfNone = None,
) -> JSONAnswer:
    """Register a version of a model, a data asset or an environment, of bytes that a datastore has already."""
    return _put(area, caller.name, (_of_versions(area, collection), name, version), body, if_match, if_none)


@router.delete(VERSION)
def delete_version(
    caller: Changing, area: Asked, collection: str, name: str, version: str, if_match: IfMatch = None
) -> Response:
    """Delete a version that nothing refers to."""
    return _delete(area, caller.name, (_of_versions(area, collection), name, version), if_match)


def _plain(area: Area, collection: str) -> str:
    kind = _written(area, collection)
    if area.bodies.has_versions(kind):
        message = f"workspaces/{collection} are made by their versions: PUT {collection}/NAME/versions/VERSION"
        raise Unanswered(405, "MethodNotAllowed", message)
    return kind


def _of_versions(area: Area, collection: str) -> str:
    kind = _written(area, collection)
    if not area.bodies.has_versions(kind):
        raise Unanswered(404, "InvalidResourceType", f"workspaces/{collection} have no versions.")
    return kind


def _written(area: Area, collection: str) -> str:
    """The kind that a collection has. Raises `Unanswered` for one that is not written here."""
    kind = kind_of_collection(area.bodies, collection)
    if kind is None or kind in UNDONE:
        raise refusal(collection)
    return kind


def _put(
    area: Area,
    by: str,
    place: tuple[str, ...],
    body: Mapping[str, Any],
    if_match: str | None,
    if_none: str | None = None,
) -> JSONAnswer:
    there = _there(area, place)
    if there is not None and if_none == "*":
        raise Unanswered(412, "PreconditionFailed", f"{there.address} is there already, and If-None-Match says *")
    _must_be_text(body)
    address = there.address if there is not None else address_for(*place)
    try:
        wish = area.bodies.wish(address, body, there)
    except BodyRefused as refused:
        raise Unanswered(400, "ValidationError", "; ".join(refused.faults)) from None
    make(area.opened, wish, by, _still(area, place, if_match))
    made = one(area.fresh().opened, place[0], area.around, *place[1:])
    headers = {"ETag": f'"{made.observed.etag}"'}
    return JSONAnswer(area.bodies.body(made), 200 if there is not None else 201, headers)


def _patch(area: Area, by: str, place: tuple[str, ...], body: Mapping[str, Any], if_match: str | None) -> JSONAnswer:
    _must_be_text(body)
    there = one(area.opened, place[0], area.around, *place[1:])
    return _put(area, by, place, area.bodies.merged(there, body), if_match)


def _delete(area: Area, by: str, place: tuple[str, ...], if_match: str | None) -> Response:
    there = _there(area, place)
    if there is None:
        return Response(status_code=204)
    take_away(area.opened, there.address, by, _still(area, place, if_match))
    return Response(status_code=200)


def _there(area: Area, place: tuple[str, ...]) -> Shown | None:
    try:
        return one(area.fresh().opened, place[0], area.around, *place[1:])
    except NotFound:
        return None


def _still(area: Area, place: tuple[str, ...], if_match: str | None) -> Callable[[], None]:
    """Whether what is there is what `If-Match` names. Raises `Unanswered`."""

    def look() -> None:
        if if_match is None:
            return
        there = _there(area, place)
        known = [] if there is None else ["*", f'"{there.observed.etag}"', there.observed.etag]
        if if_match not in known:
            now = "it is not there" if there is None else f'it is of version "{there.observed.etag}"'
            raise Unanswered(412, "PreconditionFailed", f"{'/'.join(place)}: If-Match says {if_match}, and {now}")

    return look


def _must_be_text(body: Mapping[str, Any]) -> None:
    """Refuse what no answer could repeat: half of a character."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise Unanswered(400, "InvalidRequest", "the body has half of a character in it, or is too deep") from None
