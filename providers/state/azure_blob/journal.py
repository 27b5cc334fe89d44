"""The journal as a blob: each append is a staged block and a list of blocks that has it. Knows no line's meaning."""

import base64
from collections.abc import Sequence
from typing import Final

from bep.providers.state.azure_blob.blobs import Blobs
from bep.providers.state.azure_blob.client import asking
from bep.providers.state.place import JOURNAL, Overtaken

MOST_BLOCKS: Final = 20_000
"""Blocks after which all are put together as one; the service takes 50,000."""


class BlobJournal:
    """A `Journal`. A list of blocks takes effect as a whole, so that no line is ever there by half."""

    def __init__(self, blobs: Blobs, good: int) -> None:
        """Open it, cut after its first `good` bytes. Raises `Overtaken` and `PlaceRefused`."""
        self._blobs = blobs
        self._blocks: list[str] = []
        self._made = 0
        self._broken: OSError | Overtaken | None = None
        data = blobs.bytes_of(JOURNAL) or b""
        if len(data) > good:
            rewrite(blobs, data[:good])
        if good:
            with asking(blobs.where(JOURNAL)):
                committed, _ = blobs.blob(JOURNAL).get_block_list("committed", lease=blobs.lease or None)
            self._blocks = [block.id for block in committed]

    def append(self, lines: Sequence[bytes]) -> None:
        """See `Journal`."""
        if self._broken is not None:
            raise self._broken
        try:
            if len(self._blocks) >= MOST_BLOCKS:
                self._blocks = rewrite(self._blobs, self._blobs.bytes_of(JOURNAL) or b"")
            block = block_name(self._blobs.lease, self._made)
            self._made += 1
            self._blobs.stage(JOURNAL, block, b"".join(lines))
            self._blobs.commit(JOURNAL, [*self._blocks, block])
            self._blocks.append(block)
        except (OSError, Overtaken) as error:
            self._broken = error  # nobody knows what of it is there
            raise

    def empty(self) -> None:
        """See `Journal`."""
        self._blobs.commit(JOURNAL, [])
        self._blocks = []

    def in_place(self) -> bool:
        """See `Journal`. The service knows, and refuses a write where it is not."""
        return True

    def close(self) -> None:
        """See `Journal`."""


def rewrite(blobs: Blobs, data: bytes) -> list[str]:
    """Let the journal hold just this; the names of its blocks. Raises `Overtaken` and `PlaceRefused`."""
    blocks = [block_name(blobs.lease, -1)] if data else []
    for block in blocks:
        blobs.stage(JOURNAL, block, data)
    blobs.commit(JOURNAL, blocks)
    return blocks


def block_name(lease: str, number: int) -> str:
    """A name that no other holder gives a block. The client encodes it; all must be of one length."""
    return base64.urlsafe_b64encode(f"{lease or '-' * 36}/{number:08}".encode()).decode()
