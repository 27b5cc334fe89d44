"""The blobs of one state, and the leases on three of them: each request that changes one is made here. Knows no state.

Whoever holds the lease on the state's own blob holds the lock. The journal and the kept plan are leased with it, so
that a process whose lease was broken can write none of the three. A write whose answer was lost is sent again and then
met by its own version; `bepwrite` in the metadata tells that from somebody else's.
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bep.disk.durable import At, nowhere
from bep.providers.state.azure_blob.client import BlobSettings, asking, container_of, is_no_container
from bep.providers.state.place import JOURNAL, PLAN, STATE, Overtaken, PlaceRefused

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, ContainerClient

Answer = TypeVar("Answer")

LEASED: Final = (STATE, JOURNAL, PLAN)
WRITE: Final = "bepwrite"
"""The name in the metadata of the number of the write that made a blob what it is."""


class Blobs:
    """`at` is told each request that changes something ahead of it, for tests."""

    def __init__(self, settings: BlobSettings, environment: Mapping[str, str], *, at: At = nowhere) -> None:
        self.settings = settings
        self.lease = ""
        self.about: dict[str, str] = {}
        self._environment = environment
        self.at = at
        self._container: ContainerClient | None = None
        self._etags: dict[str, str] = {}

    def where(self, part: str) -> str:
        """The address of a blob."""
        return f"{self.settings.account_url.rstrip('/')}/{self.settings.container}/{self.settings.blob}{part}"

    @property
    def container(self) -> "ContainerClient":
        """The client of the container, made when first asked for."""
        if self._container is None:
            self._container = container_of(self.settings, self._environment)
        return self._container

    def blob(self, part: str) -> "BlobClient":
        """The client of one blob."""
        return self.container.get_blob_client(self.settings.blob + part)

    def properties(self, part: str) -> "BlobProperties | None":
        """What the service says of a blob; None where there is none. Raises `PlaceRefused`."""
        return self._if_there(part, lambda blob: blob.get_blob_properties())

    def bytes_of(self, part: str) -> bytes | None:
        """What a blob holds; None where there is none. Raises `PlaceRefused`."""
        return self._if_there(part, lambda blob: bytes(blob.download_blob().readall()))

    def _if_there(self, part: str, ask: "Callable[[BlobClient], Answer]") -> Answer | None:
        from azure.core.exceptions import ResourceNotFoundError

        with asking(self.where(part)):
            try:
                return ask(self.blob(part))
            except ResourceNotFoundError as absent:
                if is_no_container(absent):
                    raise
                return None

    def names(self, start: str) -> list[str]:
        """What follows the state's name in the names of the blobs that begin so, sorted. Raises `PlaceRefused`."""
        own = self.settings.blob
        with asking(self.where(start)):
            return sorted(
                name.removeprefix(own) for name in self.container.list_blob_names(name_starts_with=own + start)
            )

    def written_at(self, part: str) -> datetime:
        """When a blob was last written, in UTC. Raises `PlaceRefused` and `FileNotFoundError`."""
        found = self.properties(part)
        if found is None:
            raise FileNotFoundError(self.where(part))
        moment: datetime = found.last_modified
        return moment

    def put(self, part: str, data: bytes) -> str:
        """The whole blob or nothing of it; its etag. Raises `Overtaken` and `PlaceRefused`."""
        return self._send(part, lambda blob, said: blob.upload_blob(data, overwrite=True, **said))

    def put_new(self, part: str, data: bytes) -> None:
        """As `put`, where no blob is or an empty one. Raises `FileExistsError` too."""
        from azure.core import MatchConditions

        found = self.properties(part)
        if found is not None and found.size:
            raise FileExistsError(self.where(part))
        same: dict[str, Any] = (
            {"match_condition": MatchConditions.IfMissing}
            if found is None
            else {"etag": found.etag, "match_condition": MatchConditions.IfNotModified}
        )
        write = uuid.uuid4().hex
        metadata = {**(self.about if part == STATE else {}), WRITE: write}
        self.at(f"create {part or 'state'}")
        try:
            with asking(self.where(part)):
                answer = self.blob(part).upload_blob(
                    data, overwrite=True, metadata=metadata, **same, **self._leased(part)
                )
            etag = str(answer["etag"])
        except (Overtaken, PlaceRefused):
            found = self.properties(part)
            if found is None or (found.metadata.get(WRITE) != write and not found.size):
                raise
            if found.metadata.get(WRITE) != write:
                raise FileExistsError(self.where(part)) from None
            etag = str(found.etag)
        if self.lease and part in LEASED:
            self._etags[part] = etag

    def commit(self, part: str, blocks: list[str]) -> None:
        """Let a blob consist of these staged blocks. Raises `Overtaken` and `PlaceRefused`."""
        from azure.storage.blob import BlobBlock

        self._send(part, lambda blob, said: blob.commit_block_list([BlobBlock(name) for name in blocks], **said))

    def stage(self, part: str, block: str, data: bytes) -> None:
        """Send a block of a blob ahead. Raises `Overtaken` and `PlaceRefused`."""
        self.at(f"stage {part}")
        with asking(self.where(part)):
            self.blob(part).stage_block(block, data, **self._leased(part))

    def describe(self, about: Mapping[str, str]) -> None:
        """Write the metadata of the state's blob under the lease. Raises `Overtaken` and `PlaceRefused`."""
        self.about = dict(about)
        self._send(STATE, lambda blob, said: blob.set_blob_metadata(**said))

    def remove(self, part: str) -> None:
        """Take a blob away; one that is leased is emptied. Raises `Overtaken` and `PlaceRefused`."""
        from azure.core.exceptions import ResourceNotFoundError

        if part in LEASED:
            self.put(part, b"")
            return
        self.at(f"delete {part}")
        with asking(self.where(part)), suppress(ResourceNotFoundError):
            self.blob(part).delete_blob()

    def _leased(self, part: str) -> dict[str, Any]:
        return {"lease": self.lease} if self.lease and part in LEASED else {}

    def _send(self, part: str, request: Any) -> str:
        """Make a request that changes a blob, under its lease and only if it is as it was left."""
        from azure.core import MatchConditions

        write = uuid.uuid4().hex
        said: dict[str, Any] = {"metadata": {**(self.about if part == STATE else {}), WRITE: write}}
        if part in self._etags:
            said |= {"etag": self._etags[part], "match_condition": MatchConditions.IfNotModified}
        self.at(f"write {part or 'state'}")
        try:
            with asking(self.where(part)):
                answer = request(self.blob(part), {**said, **self._leased(part)})
            etag = str(answer["etag"])
        except Overtaken:
            found = self.properties(part)
            if found is None or found.metadata.get(WRITE) != write:
                raise
            etag = str(found.etag)  # it was this very write, whose first answer was lost
        if self.lease and part in LEASED:
            self._etags[part] = etag
        return etag

    def forget_versions(self) -> None:
        """Whoever has just taken the lock has seen no version yet; whoever gave it back knows none any more."""
        self._etags = {}
