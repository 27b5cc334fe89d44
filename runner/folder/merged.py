"""Which node wrote each part of a job that was merged: there a part is a segment, and its worker is not known.

A job that was scored here has no such list, and its part N is what worker N wrote.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bep.disk.durable import write_durably

_NAME: Final = "nodes.json"


def write(parts: Path, nodes: Mapping[int, str]) -> None:
    """Note the node of each part, by its number; durable when it returns. Raises `OSError`."""
    write_durably(parts / _NAME, json.dumps({str(number): node for number, node in nodes.items()}).encode())


def nodes(parts: Path) -> Mapping[int, str]:
    """The node of each part that came from elsewhere; none where nothing was merged, or the list cannot be read."""
    try:
        told = json.loads((parts / _NAME).read_bytes())
        return {int(number): str(node) for number, node in told.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
