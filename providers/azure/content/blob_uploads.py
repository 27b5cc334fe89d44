"""Which blob containers files go to: those of datastores, and any by its signed address. With azure-storage-blob,
imported on use. Knows no kind of resource.
"""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bep.distribution import install
from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.content.sending import Sender, Upload
from bep.providers.azure.place import Place
from bep.providers.protocol import ProviderError, Transferred, untold
from bep.schemas.address import address_of
from bep.schemas.resource import Content

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient


class BlobUploads:
    """Uploads to the datastores of one workspace. `credential` gives who asks where a datastore has no key."""

    def __init__(self, client: ArmClient, place: Place, credential: "Callable[[], TokenCredential]") -> None:
        self._client, self._place, self._credential = client, place, credential
        self._containers: dict[str, ContainerClient] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._sender = Sender()

    def put(self, address: str, store: str, folder: str, content: Content, transferred: Transferred = untold) -> str:
        """See `Uploads`."""
        with self._lock:
            container = self._containers.get(store) or self.container(address, store)
            self._containers[store] = container
        return self._put(address, container, folder, content, transferred)

    def put_at(
        self, address: str, signed: str, folder: str, content: Content, transferred: Transferred = untold
    ) -> str:
        """See `Uploads`."""
        of_container, options = _client(address)
        with of_container.from_container_url(signed, **options) as container:
            return self._put(address, container, folder, content, transferred)

    def _put(
        self, address: str, container: "ContainerClient", folder: str, content: Content, transferred: Transferred
    ) -> str:
        """What several resources have in common is sent by one of them, and the others find it."""
        url = f"{container.url.partition('?')[0]}/{folder}"
        with self._lock:
            turn = self._turns.setdefault(url, threading.Lock())
        with turn:
            Upload(self._sender, container, address, transferred).run(folder, content)
        return url

    def close(self) -> None:
        """End the threads and close the connections."""
        self._sender.close()
        for container in self._containers.values():
            container.close()

    def container(self, address: str, store: str, name: str = "") -> "ContainerClient":
        """The container of a datastore, or another one, by its name, of the same account. Raises `ProviderError` and
        `Refusal`; asks the container nothing yet.
        """
        of_container, options = _client(address)
        id = self._place.id_of(address_of("datastore", store))
        found = (self._client.get(id) or {}).get("properties") or {}
        if str(found.get("datastoreType")).casefold() != "azureblob":
            message = f"datastore/{store} is no blob container, and bytes can be put into none but that"
            raise ProviderError(address, "store", message, code="Datastore")
        protocol, endpoint = found.get("protocol") or "https", found.get("endpoint") or "core.windows.net"
        host, account = endpoint.partition(":")[0], found["accountName"]
        is_emulator = host == "localhost" or host.replace(".", "").isdecimal()
        url = f"{protocol}://{endpoint}/{account}" if is_emulator else f"{protocol}://{account}.blob.{endpoint}"
        name, credential = name or str(found["containerName"]), self._key(id, found)
        return of_container(url, name, credential=credential, **options)

    def _key(self, id: str, found: Mapping[str, Any]) -> Any:
        if str((found.get("credentials") or {}).get("credentialsType")).casefold() not in ("accountkey", "sas"):
            return self._credential()
        secrets = self._client.post(id, "listSecrets")
        return secrets.get("key") or secrets.get("sasToken")


def _client(address: str) -> tuple[Any, Mapping[str, Any]]:
    """Azure's own client of a container, and how it is to be made. What it is refused in passing it asks for again,
    after 1, 3, 5, 9 and 17 seconds, give or take one. Raises `ProviderError` where it is not installed.
    """
    try:
        from azure.storage.blob import ContainerClient, ExponentialRetry
    except ImportError:
        message = f"azure-storage-blob is not installed; install it: {install('azure')}"
        raise ProviderError(address, "store", message, code="MissingExtra") from None
    patience = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=5, random_jitter_range=1)
    return ContainerClient, {"retry_policy": patience}
