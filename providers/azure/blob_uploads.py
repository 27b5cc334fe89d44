"""Files into the blob container of a datastore, with azure-storage-blob, imported on use. Knows no kind of resource.

A blob says in its metadata which bytes it was made of, and gets that in the moment in which it becomes whole. A large
file goes in blocks that are named by what is in them: what a killed upload has sent of it is not sent again.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.distribution import install
from bep.lazy_dataclasses import dataclass
from bep.providers.azure.client import ArmClient
from bep.providers.azure.place import Place
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.address import address_of
from bep.schemas.resource import Content

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient

MARK: Final = "bep_sha256"
AT_ONCE: Final = 4
"""Requests at the same time, and blocks in memory."""
BLOCK: Final = 8 << 20
"""Bytes of a block; a file of no more is sent in one request."""


class BlobUploads:
    """Uploads to the datastores of one workspace. `credential` is asked where a datastore has no key of its own."""

    def __init__(self, client: ArmClient, place: Place, credential: "TokenCredential") -> None:
        self._client, self._place, self._credential = client, place, credential
        self._containers: dict[str, ContainerClient] = {}
        self._lock = threading.Lock()

    def put(self, address: str, store: str, folder: str, content: Content) -> str:
        """See `Uploads`: small files a few at once, large ones in blocks, no more than `AT_ONCE` of them in memory."""
        from concurrent.futures import ThreadPoolExecutor

        with self._lock:
            container = self._containers.get(store) or self.container(address, store)
            self._containers[store] = container
        with ThreadPoolExecutor(AT_ONCE) as threads:
            upload = _Upload(container, address, threads)
            large = []
            for one in threads.map(upload.small, _files(folder, content)):
                large += [one] if one is not None else []
            for one in large:
                upload.large(one)
        return f"{container.url.partition('?')[0]}/{folder}"

    def container(self, address: str, store: str) -> "ContainerClient":
        """The container of a datastore. Raises `ProviderError` and `Refusal`; asks the container nothing yet."""
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
        host, account = endpoint.partition(":")[0], found["accountName"]
        is_emulator = host == "localhost" or host.replace(".", "").isdecimal()
        url = f"{protocol}://{endpoint}/{account}" if is_emulator else f"{protocol}://{account}.blob.{endpoint}"
        return ContainerClient(url, str(found["containerName"]), credential=self._key(id, found))

    def _key(self, id: str, found: Mapping[str, Any]) -> Any:
        if str((found.get("credentials") or {}).get("credentialsType")).casefold() not in ("accountkey", "sas"):
            return self._credential
        secrets = self._client.post(id, "listSecrets")
        return secrets.get("key") or secrets.get("sasToken")


@dataclass(frozen=True, slots=True)
class _File:
    """One file: the blob's name, where it is on this disk, the sha256 that was planned for."""

    blob: str
    path: Path
    sha256: str


def _files(folder: str, content: Content) -> Iterator[_File]:
    source = Path(content.source)
    for name, sha256 in sorted(content.files.items()):
        is_folder = source.is_dir()
        yield _File(f"{folder}/{name}" if is_folder else folder, source / name if is_folder else source, sha256)


@dataclass(frozen=True, slots=True)
class _Upload:
    """The upload of one content into a container."""

    container: "ContainerClient"
    address: str
    threads: "ThreadPoolExecutor"

    def small(self, file: _File) -> _File | None:
        """Send a file that is one block or less; gives back one that is larger and not there yet."""
        if self._is_there(file):
            return None
        with self._as_planned(file):
            if file.path.stat().st_size > BLOCK:
                return file
            data = file.path.read_bytes()
        self._check(file, hashlib.sha256(data).hexdigest())
        self.container.upload_blob(file.blob, data, overwrite=True, metadata={MARK: file.sha256})
        return None

    def large(self, file: _File) -> None:
        """Send a file block by block, and make them a blob once all of it was read and is as planned."""
        from azure.core.exceptions import ResourceNotFoundError
        from azure.storage.blob import BlobBlock

        blob, whole, names = self.container.get_blob_client(file.blob), hashlib.sha256(), list[str]()
        try:
            there = {one.id for one in blob.get_block_list("uncommitted")[1]}
        except ResourceNotFoundError:
            there = set()
        with self._as_planned(file), file.path.open("rb") as stream:
            while some := [data for _ in range(AT_ONCE) if (data := stream.read(BLOCK))]:
                named = [(_name(len(names) + number, data), data) for number, data in enumerate(some)]
                for _, data in named:
                    whole.update(data)
                new = [one for one in named if one[0] not in there]
                list(self.threads.map(lambda one: blob.stage_block(*one), new))
                names += [name for name, _ in named]
        self._check(file, whole.hexdigest())
        blob.commit_block_list([BlobBlock(name) for name in names], metadata={MARK: file.sha256})

    def _is_there(self, file: _File) -> bool:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found = self.container.get_blob_client(file.blob).get_blob_properties()
        except ResourceNotFoundError:
            return False
        return bool((found.metadata or {}).get(MARK) == file.sha256)

    def _check(self, file: _File, sha256: str) -> None:
        if sha256 != file.sha256:
            raise self._changed(file)

    @contextmanager
    def _as_planned(self, file: _File) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise self._changed(file) from None

    def _changed(self, file: _File) -> Conflict:
        message = f"{file.path} is not as it was when planned: changed or gone since; plan again"
        return Conflict(self.address, "store", message)


def _name(number: int, data: bytes) -> str:
    """The name of a block: all of a blob's have the same length."""
    return f"{number:06}-{hashlib.sha256(data).hexdigest()[:32]}"
