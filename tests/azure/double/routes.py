"""Which resource of the workspace a path names. Paths of Azure Resource Manager are the same in any casing."""

import re
from typing import Final, NamedTuple

from tests.azure.double.store import KINDS

WORKSPACE: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<workspace>[^/]+)(?P<rest>/.*)?",
    re.IGNORECASE,
)
_CANONICAL: Final = {kind.lower(): kind for kind in KINDS}


class Place(NamedTuple):
    """What a path below the workspace names: a resource, the collection of a kind, or a resource's action."""

    kind: str
    names: tuple[str, ...]
    is_collection: bool = False
    action: str = ""


def place(rest: str) -> Place | None:
    """What is named by the part of a path after the workspace; None if nothing that the double has."""
    parts = [part for part in rest.split("/") if part]
    kind, names = "/".join(parts[0::2]).lower(), tuple(parts[1::2])
    if len(parts) % 2 == 0:
        return Place(_CANONICAL[kind], names) if kind in _CANONICAL else None
    if kind in _CANONICAL:
        return Place(_CANONICAL[kind], names, is_collection=True)
    above = "/".join(parts[0:-1:2]).lower()
    return Place(_CANONICAL[above], names, action=parts[-1].lower()) if above in _CANONICAL else None
