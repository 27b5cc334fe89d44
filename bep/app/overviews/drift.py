"""What is not as it was applied: asked of the world, nothing planned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.planner.state import Entry


@dataclass(frozen=True)
class Drifted:
    """A resource that somebody changed outside bep, or that is gone. `by` and `at` are who and when, where bep was
    asked to do it: through its server."""

    address: Address
    is_gone: bool
    by: str = ""
    at: str = ""


def drift_of(opened: "Reading") -> Sequence[Drifted]:
    """Every such resource. Asks the world once. Raises what reading it raises."""
    entries = opened.state.entries
    seen = opened.provider.read(entries) if entries else {}
    return [
        Drifted(address, address not in seen, *((entry.beside.by, entry.beside.at) if entry.beside else ()))
        for address, entry in sorted(entries.items())
        if _is_not_as_applied(entry, seen.get(address))
    ]


def _is_not_as_applied(entry: "Entry", seen: "Observed | None") -> bool:
    if seen is None:
        return True
    return not entry.retained and (entry.beside is not None or bool(entry.etag and seen.etag != entry.etag))
