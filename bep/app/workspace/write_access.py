"""Whether what is bep's in a workspace may be written: asked before work begins, told where one only looks."""

from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.disk.refusal import Refusal


def read_only(opened: "Reading") -> tuple[str, ...]:
    """One line for who looks at a workspace that cannot be changed; nothing where it can."""
    found = _refusal(_places(opened)) if _is_known(opened) else None
    if found is None:
        return ()
    return (f"{found.place} may only be read here: all can be shown, and nothing changed ({found.why})",)


def must_write(opened: "Reading") -> None:
    """Raise `DomainError` where state or world could not be written, before anything is read, asked or done."""
    _insist(_places(opened))


def must_keep_jobs(opened: "Specs", *folders: Path) -> None:
    """Raise `DomainError` where a job's folder, or one of these, could not be written."""
    _insist((opened.home / "jobs", *folders))


def _insist(places: tuple[Path, ...]) -> None:
    found = _refusal(places)
    if found is not None:
        raise Refused(f"nothing was changed: {found}")


def _refusal(places: tuple[Path, ...]) -> "Refusal | None":
    from bep.disk.refusal import no_write

    return no_write(places)


def _is_known(opened: "Specs") -> bool:
    """Whether there is a place to ask about: not where no stage is chosen, or this bep has no such world or store."""
    from bep.providers.state.stores import PLACES
    from bep.providers.worlds import WORLDS

    found = opened.glanced
    return found.stage is not None and found.provider in WORLDS and found.state.keys() <= PLACES.keys()


def _places(opened: "Reading") -> tuple[Path, ...]:
    place = opened.store.place
    files = [file for part in ("", ".lock", ".journal") if (file := place.local(part)) is not None]
    return (*(file.parent for file in files[:1]), *files[1:], *opened.keyless_world.written)
