"""What a built environment says of itself, in a file written last. Knows no builder and no recipe."""

import json
from pathlib import Path
from typing import Final

from bep.disk.durable import write_durably
from bep.lazy_dataclasses import asdict
from bep.providers.world import Built as Built

COMPLETE: Final = "complete.json"
"""Written last. A folder without it is a build that was killed; nobody uses it, the next build clears it."""


def mark(built: Built, folder: Path) -> None:
    """Say that the environment in this folder is complete."""
    write_durably(folder / COMPLETE, json.dumps(asdict(built), indent=1, sort_keys=True).encode())


def marked(folder: Path) -> Built | None:
    """What the environment in a folder says of itself, usable or not; None for what is not complete."""
    try:
        about = json.loads((folder / COMPLETE).read_text())
        return Built(**{**about, "requirements": tuple(about["requirements"]), "notes": tuple(about["notes"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def usable(built: Built, folder: Path) -> bool:
    """Whether it stands where it was built, and its interpreter starts somewhere."""
    return Path(built.python).exists() and is_home(built, folder)


def is_home(built: Built, folder: Path) -> bool:
    """Whether an environment was built in this folder. One that was moved or copied here was not: its scripts and
    settings name the other place. A path through a link is the same place.
    """
    try:
        return built.folder.samefile(folder)
    except OSError:
        return False
