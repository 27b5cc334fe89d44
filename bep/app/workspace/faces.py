"""The faces of a workspace's world that a use case cannot do without, or the domain error that it has none."""

from typing import TYPE_CHECKING, TypeVar

from bep.app.errors import Unavailable

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import Contents, Copies, Environments, Places, Scoring

Face = TypeVar("Face")


def contents_of(opened: "Reading") -> "Contents":
    """The bytes of registered objects. Raises `Unavailable`."""
    return _had(opened, opened.world.contents, "keeps the files of what is registered elsewhere")


def copies_of(opened: "Reading") -> "Copies":
    """Copies of the bytes of registered objects. Raises `Unavailable`."""
    return _had(opened, opened.world.copies, "does not give back the files of what is registered")


def places_of(opened: "Reading") -> "Places":
    """Where data lies. Raises `Unavailable`."""
    return _had(opened, opened.world.places, "has no data that this machine can read")


def scoring_of(opened: "Reading") -> "Scoring":
    """What jobs on this machine score with. Raises `Unavailable`."""
    return _had(opened, opened.world.scoring, "runs no jobs on this machine")


def environments_of(opened: "Reading") -> "Environments":
    """Environments built on this machine. Raises `Unavailable`."""
    return _had(opened, opened.world.environments, "builds its environments itself; none is built on this machine")


def _had(opened: "Reading", face: Face | None, why: str) -> Face:
    if face is None:
        raise Unavailable(opened.world.name, why)
    return face
