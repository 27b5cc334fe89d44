"""What opens the bytes of a datastore, for whoever asks: a signature for a while. No secret of a spec is told."""

from typing import Any

from fastapi import APIRouter

from bep.app.served.objects import one
from bep.server.access.callers import Following
from bep.server.access.signed import datastore_sas
from bep.server.answers import Answering, Unanswered
from bep.server.control_plane.asked import Asked
from bep.server.control_plane.reading import WORKSPACE

router = APIRouter(tags=["resources"], route_class=Answering)


@router.post(WORKSPACE + "/datastores/{datastore}/listSecrets")
def list_secrets(caller: Following, area: Asked, datastore: str) -> dict[str, Any]:
    """A shared access signature with what the caller's role may do there. It ends after an hour, or with the token."""
    if one(area.opened, "datastore", area.around, datastore).container is None:
        message = f"The bytes of datastore {datastore} are not on this machine: clients ask for them where they are."
        raise Unanswered(400, "UserError", message)
    return {"secretsType": "Sas", "sasToken": datastore_sas(area.site, caller, datastore)}
