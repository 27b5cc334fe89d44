"""Contents on their way to the service: where each goes, and the code assets made of them. Knows no bytes.

A place is named by the digest of what is in it, so what is there already is not sent again, and what a killed apply has
sent is found by the next one.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from bep.providers.azure.client import ArmClient
from bep.providers.azure.contents import CODE, DEFAULT_STORE, code_name, fields_of, folder_of, store_of
from bep.providers.azure.place import Place
from bep.providers.azure.shape import at
from bep.providers.azure.shapes import stores
from bep.schemas.resource import Content, Resource

HASH: Final = "bep.sha256"


class Uploads(Protocol):
    """Who can put files into a datastore of the workspace."""

    def put(self, address: str, store: str, folder: str, content: Content) -> str:
        """Put each file of a content below a folder, but for those that are there whole; the folder's https address.

        Raises `ProviderError`, `Conflict` for a file that is not as it was planned, and `Refusal`.
        """
        ...


class Storing:
    """Stores what resources consist of, in one workspace."""

    def __init__(self, client: ArmClient, place: Place, uploads: Uploads) -> None:
        self._client, self._place, self._uploads = client, place, uploads

    def store(self, resource: Resource) -> None:
        """Every content of a resource that the service has a place for; of code, the asset that names it, too."""
        for path in fields_of(resource.kind):
            content, attribute = resource.contents.get(".".join(path)), at(resource.attributes, path)
            if not stores(resource.kind, path) or content is None or not isinstance(attribute, Mapping):
                continue
            if path[-1] == CODE:
                self._code(resource, content, attribute)
            else:
                self._uploads.put(resource.address, store_of(resource.attributes), folder_of(attribute), content)

    def _code(self, resource: Resource, content: Content, attribute: Mapping[str, str]) -> None:
        id = self._place.code_id(code_name(attribute))
        if self._client.get(id) is not None:
            return
        uri = self._uploads.put(resource.address, DEFAULT_STORE, folder_of(attribute), content)
        properties = {"codeUri": uri, "isAnonymous": False, "properties": {HASH: content.sha256}}
        self._client.put(id, {"properties": properties})
