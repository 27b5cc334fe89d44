"""Which folder a datastore is. Asks the world; touches no file."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import NotFound, Refused

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading

DEFAULT: Final = "workspaceblobstore"
"""The datastore that every workspace has, and that clients send inputs to."""


def folder_of(opened: "Reading", datastore: str) -> Path:
    """The folder of a datastore on this machine, made if it is not there yet.

    Raises `NotFound` for a datastore that is not there, `Refused` for one that is no folder here, or that bep's own
    lies in.
    """
    from bep.app.workspace.datastores import datastores_of
    from bep.app.workspace.faces import places_of
    from bep.app.workspace.own_folder import must_not_be_own
    from bep.disk import modes

    known = datastores_of(opened)
    if datastore not in known:
        raise NotFound(f"there is no datastore {datastore!r}; there is {', '.join(known)}", nearest=known)
    place = places_of(opened).resolve_output(f"azureml://datastores/{datastore}/paths/")
    if not isinstance(place, Path):
        raise Refused(f"datastore {datastore} is no folder of this machine: its files are fetched where it is")
    must_not_be_own(opened.root, place, f"datastore {datastore}")
    if not place.exists():
        modes.make_folder(place)
    return place
