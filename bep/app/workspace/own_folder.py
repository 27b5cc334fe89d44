"""What is bep's own in a workspace is no data: whoever reads its keys lets himself in. Knows no datastore."""

from pathlib import Path
from typing import Final

from bep.app.errors import Refused
from bep.schemas.workspace.stages import HOME

DATASTORES: Final = "datastores"
"""The folder below bep's own that is data: what the local world keeps of its datastores."""


def must_not_be_own(root: Path, place: Path, said: str) -> None:
    """Raise `Refused` where a place that somebody named as data is bep's own folder, lies in it or has it within.

    Folders are compared by what they are: links, and another casing of a name, lead to the same.
    """
    own, place = root / HOME, place.resolve()
    inside = [part for part in (place, *place.parents) if _is_same(part, own)]
    if inside and DATASTORES not in place.relative_to(inside[0]).parts:
        raise Refused(f"{said}: it lies in {own}, and what is bep's own is no data")
    if not inside and any(_is_same(above, place) for above in (own, *own.resolve().parents)):
        raise Refused(
            f"{said}: it has {own} within, and what is bep's own is no data\n"
            "    fix: let the datastore be a folder that has data alone"
        )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # nothing is there yet
        return False
