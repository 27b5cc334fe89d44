"""The faces of a workspace's world that a use case cannot do without, or the domain error that it has none."""

from typing import TYPE_CHECKING

from bep.app.errors import Unavailable

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import Contents, Environments, Places, Scoring


def contents_of(opened: "Reading") -> "Contents":
    """The bytes of registered objects. Raises `Unavailable`."""
    found = opened.world.contents
    if found is None:
        raise Unavailable(opened.world.name, "does not give back the files of what is registered")
    return found


def places_of(opened: "Reading") -> "Places":
    """Where data lies. Raises `Unavailable`."""
    found = opened.world.places
    if found is None:
        raise Unavailable(opened.world.name, "has no data that this machine can read")
    return found


def scoring_of(opened: "Reading") -> "Scoring":
    """What jobs on this machine score with. Raises `Unavailable`."""
    found = opened.world.scoring
    if found is None:
        raise Unavailable(opened.world.name, "runs no jobs on this machine")
    return found


def environments_of(opened: "Reading") -> "Environments":
    """Environments built on this machine. Raises `Unavailable`."""
    found = opened.world.environments
    if found is None:
        raise Unavailable(opened.world.name, "builds its environments itself; none is built on this machine")
    return found
