"""What this server does not do of Azure Resource Manager: said with what to do instead. The last of its routes."""

from typing import Final

from fastapi import APIRouter

from bep.server.access.callers import Following
from bep.server.answers import Answering, Unanswered
from bep.server.control_plane.asked import Version
from bep.server.control_plane.spelling import PROVIDER

router = APIRouter(tags=["resources"], route_class=Answering)

METHODS: Final = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"]
INSTEAD: Final = {
    "jobs": "post it to the endpoint's scoringUri, or use `bep run`",
    "schedules": "declare it in a spec and use `bep apply`",
    "codes": "declare the deployment with its code in a spec and use `bep apply`",
    "models": "declare it in a spec and use `bep apply`",
    "data": "declare it in a spec and use `bep apply`",
    "environments": "declare it in a spec and use `bep apply`",
    "components": "declare it in a spec and use `bep apply`",
    "computes": "declare it in a spec and use `bep apply`",
    "datastores": "declare it in a spec and use `bep apply`",
    "batchEndpoints": "declare it in a spec and use `bep apply`",
}
"""By collection, how the same is done with bep."""
WORKSPACE: Final = "the workspace is what bep.yml says: change that file, and use `bep apply`"


@router.api_route("/subscriptions/{rest:path}", methods=METHODS, include_in_schema=False)
def refuse(caller: Following, version: Version, rest: str) -> None:
    """Say what this server has not: nothing of the path, or nothing that can be done to it."""
    parts = rest.split("/")
    if len(parts) < 7 or parts[4] != PROVIDER or parts[1] != "resourceGroups":
        message = f"/subscriptions/{rest}: all that is here is one workspace of {PROVIDER}, in any resource group."
        raise Unanswered(404, "ResourceNotFound", message)
    if len(parts) == 7:
        raise Unanswered(405, "MethodNotAllowed", f"That is not done over this route: {WORKSPACE}.")
    raise refusal(parts[7])


def refusal(collection: str) -> Unanswered:
    """That something is not done to what a collection has, and what does it instead."""
    instead = INSTEAD.get(collection)
    if instead is None:
        return Unanswered(501, "NotImplemented", f"There are no workspaces/{collection} here: `bep` has no such kind.")
    return Unanswered(405, "MethodNotAllowed", f"That is not done over this route: {instead}.")
