"""Files into the blob container of a datastore, with azure-storage-blob, imported on use. Knows no kind of resource.

A blob says in its metadata which bytes it was made of, and has that only once it is whole.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.distribution import install
from bep.providers.azure.client import ArmClient
from bep.providers.azure.place import Place
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.address import address_of
from bep.schemas.resource import Content

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient

MARK: Final = "bep_sha256"
AT_ONCE: Final = 4
_BLOCK: Final = 1 << 20


class BlobUploads:
    """Uploads to the datastores of one workspace. `credential` is asked where a datastore has no key of its own."""

    def __init__(self, client: ArmClient, place: Place, credential: "TokenCredential") -> None:
        self._client, self._place, self._credential = client, place, credential
        self._containers: dict[str, ContainerClient] = {}

    def put(self, address: str, store: str, folder: str, content: Content) -> str:
        """See `Uploads`: a few files at once, each in blocks, none of them whole in memory."""
        from concurrent.futures import ThreadPoolExecutor

        container = self._containers.get(store) or self._containers.setdefault(store, self._opened(address, store))
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for _ in threads.map(lambda one: _sent(container, address, *one), _files(folder, content)):
                pass
        return f"{container.url.partition('?')[0]}/{folder}"

    def _opened(self, address: str, store: str) -> "ContainerClient":
        try:
            from azure.storage.blob import ContainerClient
        except ImportError:
            message = f"azure-storage-blob is not installed; install it: {install('azure')}"
            raise ProviderError(address, "store", message, code="MissingExtra") from None
        id = self._place.id_of(address_of("datastore", store))
        found = (self._client.get(id) or {}).get("properties") or {}
        if str(found.get("datastoreType")).casefold() != "azureblob":
            message = f"datastore/{store} is no blob container, and bytes can be put into none but that"
            raise ProviderError(address, "store", message, code="Datastore")
        protocol, endpoint = found.get("protocol") or "https", found.get("endpoint") or "core.windows.net"
        url = f"{protocol}://{found['accountName']}.blob.{endpoint}"
        return ContainerClient(url, str(found["containerName"]), credential=self._key(id, found))

    def _key(self, id: str, found: Mapping[str, Any]) -> Any:
        if str((found.get("credentials") or {}).get("credentialsType")).casefold() not in ("accountkey", "sas"):
            return self._credential
        secrets = self._client.post(id, "listSecrets")
        return secrets.get("key") or secrets.get("sasToken")


def _files(folder: str, content: Content) -> Iterator[tuple[str, Path, str]]:
    """Each file: the blob's name, where it is on this disk, its sha256."""
    source = Path(content.source)
    for name, sha256 in sorted(content.files.items()):
        is_folder = source.is_dir()
        yield (f"{folder}/{name}" if is_folder else folder), (source / name if is_folder else source), sha256


def _sent(container: "ContainerClient", address: str, name: str, file: Path, sha256: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    blob = container.get_blob_client(name)
    try:
        if (blob.get_blob_properties().metadata or {}).get(MARK) == sha256:
            return
    except ResourceNotFoundError:
        pass
    refusal = Conflict(address, "store", f"{file} is not as it was when planned: changed or gone since; plan again")
    try:
        with file.open("rb") as stream:
            reader = _Digested(stream)
            blob.upload_blob(reader, overwrite=True, length=file.stat().st_size)
    except FileNotFoundError:
        raise refusal from None
    if reader.digest.hexdigest() != sha256:
        blob.delete_blob()
        raise refusal
    blob.set_blob_metadata({MARK: sha256})


class _Digested:
    """A stream that knows the digest of what was read of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = _BLOCK) -> bytes:
        data: bytes = self._stream.read(size)
        self.digest.update(data)
        return data
