"""The storage account behind the workspace: where it is, what opens it, containers for uploads. It holds no blobs."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

CONTAINER: Final = "azureml-blobstore-23232323-4545-6767-8989-101010101010"
EMPTY_SAS: Final = "sv=2023-11-03&sr=c&sp=racwl&sig=bm9uZQ%3D%3D"


class Blob:
    """An account. Nothing answers there until `serve` was told of an emulator."""

    def __init__(self) -> None:
        self.url, self.account, self.key, self.container = "http://127.0.0.1:1/account", "account", "a2V5", CONTAINER
        self.is_served = False
        self._pending: dict[str, str] = {}

    def serve(self, url: str, account: str, key: str, container: str) -> None:
        """Have blobs in an emulator: `url` ends with the account."""
        self.url, self.account, self.key, self.container = url, account, key, container
        self.is_served = True

    @property
    def endpoint(self) -> str:
        """What follows ACCOUNT.blob. in URLs: of an emulator, which has the account in the path, its host and port."""
        return self.url.partition("://")[2].partition("/")[0] if self.url.startswith("http:") else "core.windows.net"

    def pending(self, name: str) -> str:
        """The container of a pending upload, made when it is first asked for."""
        if name not in self._pending:
            self._pending[name] = f"23232323-{uuid.uuid4()}"
            self.create(self._pending[name])
        return self._pending[name]

    def create(self, container: str) -> None:
        """Make a container, where there is an emulator to make it in."""
        if self.is_served:
            from azure.storage.blob import ContainerClient

            with ContainerClient(self.url, container, credential=self.key) as client:
                client.create_container()

    def signature(self, container: str) -> str:
        """A container's signature, good for an hour; one that opens nothing where there is no emulator."""
        if not self.is_served:
            return EMPTY_SAS
        from azure.storage.blob import generate_container_sas

        until = datetime.now(UTC) + timedelta(hours=1)
        return str(
            generate_container_sas(self.account, container, account_key=self.key, permission="racwl", expiry=until)
        )
