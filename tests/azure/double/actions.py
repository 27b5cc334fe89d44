"""POST: secrets of datastores, places for uploads, keys. It knows no socket; blobs lie where `Double.blob` says."""

import uuid
from typing import TYPE_CHECKING

from tests.azure.double import rules, surroundings
from tests.azure.double.exchange import Answer, Refusal, Request
from tests.azure.double.routes import Place
from tests.azure.double.store import Document
from tests.azure.judge import Judge

if TYPE_CHECKING:
    from tests.azure.double.double import Double

UPLOADS = frozenset({"codes/versions", "data/versions", "models/versions"})


class Actions:
    """What is posted to a resource's path and a word."""

    def __init__(self, double: "Double") -> None:
        self._double = double

    def post(self, request: Request, at: Place) -> Answer:
        """The action's answer.

        Raises:
            Refusal: the kind has no such action, or the resource is not there.
        """
        if request.method != "POST":
            raise Refusal(405, "MethodNotAllowed", f"{at.action} is for POST.")
        if at.kind == "datastores" and at.action == "listsecrets":
            return self._secrets(at)
        if at.kind in UPLOADS and at.action == "startpendingupload":
            return self._pending_upload(request, at)
        if at.kind == "batchEndpoints" and at.action == "listkeys":
            self._double.control_plane.there(at)
            return Answer(200, {"primaryKey": None, "secondaryKey": None})
        raise Refusal(404, "InvalidResourceType", f"{at.kind} has no action {at.action}.")

    def _secrets(self, at: Place) -> Answer:
        there = self._double.control_plane.there(at)
        secrets: Document = dict(there.body["properties"]["credentials"].get("secrets") or {})
        if at.names[0].lower().startswith("workspace"):
            return Answer(200, {"secretsType": "AccountKey", "key": self._double.blob.key})
        if not secrets:
            raise Refusal(400, "UserError", f"No secrets are stored for datastore {at.names[0]}.")
        return Answer(200, secrets)

    def _pending_upload(self, request: Request, at: Place) -> Answer:
        """A container of its own for each: nothing is registered until a version is put with a URI in it.

        Who asks again by the id of a pending upload gets the same one: the operation is published as CreateOrGet.
        """
        double = self._double
        if at.kind == "codes/versions" and double.behaviours.published_types:
            published = double.types.actions["codes/versions"]["startPendingUpload"]["input"]
            rules.refuse(Judge(double.types).exchanged(published, request.body or {}, is_answer=False))
        name = str((request.body or {}).get("pendingUploadId") or uuid.uuid4())
        container = double.blob.pending(name)
        uri = f"{double.blob.url}/{container}"
        reference: Document = {
            "blobUri": uri,
            "storageAccountArmId": surroundings.storage_account(double),
            "credential": {"credentialType": "SAS", "sasUri": f"{uri}?{double.blob.signature(container)}"},
        }
        kind = "TemporaryBlobReference"
        answered = {"pendingUploadId": name, "pendingUploadType": kind, "blobReferenceForConsumption": reference}
        return Answer(200, answered)
