"""What is not as it was applied: asked of the world, nothing planned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading


@dataclass(frozen=True)
class Drifted:
    """A resource that somebody changed outside bep, or that is gone."""

    address: Address
    is_gone: bool


def drift_of(opened: "Reading") -> Sequence[Drifted]:
    """Every such resource. Asks the world once. Raises what reading it raises."""
    entries = opened.state.entries
    seen = opened.provider.read(entries) if entries else {}
    return [
        Drifted(address, address not in seen)
        for address, entry in sorted(entries.items())
        if address not in seen or (entry.etag and seen[address].etag != entry.etag and not entry.retained)
    ]
