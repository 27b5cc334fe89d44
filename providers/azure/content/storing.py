"""Contents on their way to the service: where each goes, and the code assets made of them. Knows no bytes.

A place is named by the digest of what is in it, so what is there already is not sent again, and what a killed apply has
sent is found by the next one.
"""

import uuid
from collections.abc import Mapping
from typing import Final, Protocol

from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.content.contents import CODE, DEFAULT_STORE, code_name, fields_of, folder_of, store_of
from bep.providers.azure.place import Place
from bep.providers.azure.translation.shape import at
from bep.providers.azure.translation.shapes import stores
from bep.providers.protocol import Transferred
from bep.schemas.resource import Content, Resource

HASH: Final = "bep.sha256"
RESERVING: Final = "startPendingUpload"
_NO_PLACE: Final = (400, 403, 404, 405, 409)
"""How the service refuses to give a place for code: the right is missing, its version of the API knows none, or it has
given one for this id already, the answer to which nobody has recorded.
"""


class Uploads(Protocol):
    """Who can put files into blob containers. Both verbs raise `ProviderError`, `Conflict` for a file that is not as it
    was planned, and `Refusal`.
    """

    def put(self, address: str, store: str, folder: str, content: Content, transferred: Transferred) -> str:
        """Put each file of a content below a folder of a datastore, but for those that are there whole; the folder's
        https address.
        """
        ...

    def put_at(self, address: str, signed: str, folder: str, content: Content, transferred: Transferred) -> str:
        """The same below a folder of a container whose address has a signature with it."""
        ...


class Storing:
    """Stores what resources consist of, in one workspace."""

    def __init__(self, client: ArmClient, place: Place, uploads: Uploads) -> None:
        self._client, self._place, self._uploads = client, place, uploads

    def store(self, resource: Resource, transferred: Transferred) -> None:
        """Every content of a resource that the service has a place for; of code, the asset that names it, too."""
        for path in fields_of(resource.kind):
            content, attribute = resource.contents.get(".".join(path)), at(resource.attributes, path)
            if not stores(resource.kind, path) or content is None or not isinstance(attribute, Mapping):
                continue
            if path[-1] == CODE:
                self._code(resource, content, attribute, transferred)
            else:
                store = store_of(resource.attributes)
                self._uploads.put(resource.address, store, folder_of(attribute), content, transferred)

    def _code(
        self, resource: Resource, content: Content, attribute: Mapping[str, str], transferred: Transferred
    ) -> None:
        """The asset is made once all of its files are there: whoever finds it finds them."""
        id, folder = self._place.code_id(code_name(attribute)), folder_of(attribute)
        if self._client.get(id) is not None:
            return
        if signed := self._reserved(id, content):
            uri = self._uploads.put_at(resource.address, signed, folder, content, transferred)
        else:
            uri = self._uploads.put(resource.address, DEFAULT_STORE, folder, content, transferred)
        properties = {"codeUri": uri, "isAnonymous": False, "properties": {HASH: content.sha256}}
        self._client.put(id, {"properties": properties})

    def _reserved(self, id: str, content: Content) -> str:
        """The signed address of a container that the service gives for this code; empty where it gives none.

        It is asked for by an id of the content, so a killed apply and the next one ask for the same place.
        """
        asked = {"pendingUploadId": str(uuid.UUID(content.sha256[:32])), "pendingUploadType": "TemporaryBlobReference"}
        try:
            found = self._client.post(id, RESERVING, asked)
        except Refusal as refusal:
            if refusal.status in _NO_PLACE:
                return ""
            raise
        return str(at(found, ("blobReferenceForConsumption", "credential", "sasUri")) or "")
