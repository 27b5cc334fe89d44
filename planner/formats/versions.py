"""What is said of a document of bep's that a newer bep wrote. Opens no file."""

from collections.abc import Mapping
from typing import Any


def newer(found: Mapping[str, Any], latest: int) -> str:
    """The sentence for a document whose format is newer than the `latest` that this bep reads."""
    writer = f"bep {version}" if (version := found.get("bep_version")) else "a newer bep"
    return f"it has format {found['format_version']}, written by {writer}; this bep reads up to {latest}"
