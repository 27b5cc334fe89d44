"""Bytes that bep has stored in the workspace's datastores, brought back into a folder. Knows no spec and no state.

A place is named by the digest of what is in it, so what arrives is held to that; a file of any size takes the memory of
one part of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.saying import said
from bep.providers.azure.content.contents import DEFAULT_STORE, fields_of, place_of, recognised
from bep.providers.azure.place import Place
from bep.providers.azure.translation.shape import at, attributes_of
from bep.providers.azure.translation.shapes import shape_of
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address, kind_of
from bep.schemas.content import digest_of_files

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from bep.planner.state import ContentRecord
    from bep.providers.azure.content.blob_uploads import BlobUploads

FOLDER_MARK: Final = "hdi_isfolder"
"""What a blob says in its metadata that stands for a folder, where the account has those (Azure docs: Data Lake
Storage)."""


class BlobDownloads:
    """Copies of what objects of one workspace consist of. `stores` knows the container of a datastore."""

    def __init__(self, client: ArmClient, place: Place, stores: "Callable[[], BlobUploads]") -> None:
        self._client, self._place, self._stores = client, place, stores
        self._containers: dict[tuple[str, str], ContainerClient] = {}

    def lay_out(self, address: str, record: "ContentRecord", folder: Path) -> None:
        """Fill a folder with copies. Raises `ProviderError` for bytes that are gone, or are not what was registered."""
        with said(address, "fetch"):
            store, path = self._where(Address(address), record)
            name, path = ("", path) if path else self._of_code(address, record)
            container = self._container(address, store, name)
            files = {name: _fetched(container, blob, folder / name) for name, blob in _blobs(container, path)}
        if digest_of_files(files) != record.sha256:
            what = "are not what was registered" if files else "are gone"
            message = f"its bytes in the container {container.container_name} below {path} {what}"
            raise ProviderError(address, "fetch", message, code="ContentDamaged")

    def _where(self, address: Address, record: "ContentRecord") -> tuple[str, str]:
        """The datastore and the path in it; no path where a code asset knows that."""
        kind, body = kind_of(address), self._client.get(self._place.id_of(address)) or {}
        attributes = attributes_of(shape_of(kind), address, body, self._place)
        known = recognised(kind, attributes)
        for field in fields_of(kind):
            if _digest(at(known, field)) == record.sha256:
                return place_of(str(at(attributes, field)))
        raise ProviderError(address, "fetch", "it has other bytes by now", code="ContentDamaged")

    def _container(self, address: str, store: str, name: str = "") -> "ContainerClient":
        """That of a datastore, or another one of its account."""
        if (store, name) not in self._containers:
            self._containers[store, name] = self._stores().container(address, store, name)
        return self._containers[store, name]

    def close(self) -> None:
        """Close the connections."""
        for container in self._containers.values():
            container.close()

    def _of_code(self, address: str, record: "ContentRecord") -> tuple[str, str]:
        """The container and the path of code: the service gives it containers of its own, on the account of the
        workspace's datastore.
        """
        asset = self._client.get(self._place.code_id(f"bep-{record.sha256}")) or {}
        uri = str(at(asset, ("properties", "codeUri")) or "")
        account = self._container(address, DEFAULT_STORE).url.partition("?")[0].rpartition("/")[0]
        name, _, path = uri.removeprefix(f"{account}/").partition("/")
        if not uri.startswith(f"{account}/") or not path:
            message = f"its code is not on the account of datastore/{DEFAULT_STORE}: {uri or 'the asset is gone'}"
            raise ProviderError(address, "fetch", message, code="ContentDamaged")
        return name, path.rstrip("/")


def _digest(content: Any) -> str:
    return str(content.get("sha256")) if isinstance(content, Mapping) else ""


def _blobs(container: "ContainerClient", path: str) -> Iterator[tuple[str, str]]:
    """The blobs of a content, by the relative names of its files. A folder may be a blob of its own, which is none."""
    for blob in container.list_blobs(name_starts_with=path, include=["metadata"]):
        name = PurePosixPath(path).name if blob.name == path else str(blob.name).removeprefix(f"{path}/")
        is_folder = name.endswith("/") or str((blob.metadata or {}).get(FOLDER_MARK)).casefold() == "true"
        is_inside = blob.name == path or str(blob.name).startswith(f"{path}/")
        if is_inside and not is_folder and not name.startswith("/") and ".." not in name.split("/"):
            yield name, str(blob.name)


def _fetched(container: "ContainerClient", blob: str, target: Path) -> str:
    """Write a blob's bytes into a new file; their sha256."""
    found = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        for part in container.download_blob(blob).chunks():
            file.write(part)
            found.update(part)
    return found.hexdigest()
