"""Holds a job's inputs to the type that it gives them: what the disk and the catalog know before any work."""

from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.workspace.faces import places_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading

FILE, FOLDER = "uri_file", "uri_folder"


def misfit(opened: "Reading", kind: str, text: str, place: int | str) -> tuple[str, str] | None:
    """What is wrong with an input of that type, and how to mend it; None where nothing is, or only its store knows.

    `place` is where it lies, or how many registered files it is. A pattern means whatever it matches.
    """
    from bep.runner.inputs.expanding import without_scheme
    from bep.runner.transfer.addresses import hidden, is_web
    from bep.runner.transfer.blobs import FOLDERS, is_blob

    if isinstance(place, str) and is_web(place):
        is_folder = _is_folder(opened, text, place)
        if FOLDER in (kind, is_folder and FOLDER) and not is_blob(place):
            return f"input {hidden(text)}: a web address is one file, and its type is uri_folder", FOLDERS
    else:
        is_folder = (
            _is_folder(opened, text, place if isinstance(place, int) else without_scheme(place)) if kind else None
        )
    if not kind or is_folder is None or is_folder == (kind == FOLDER):
        return None
    found, right = ("a folder", FOLDER) if is_folder else ("a file", FILE)
    return f"input {hidden(text)} is {found}, and its type is {kind}", f"Write type: {right}, or leave the type out."


def _is_folder(opened: "Reading", text: str, place: int | str) -> bool | None:
    if text.startswith("azureml:"):
        return places_of(opened).is_folder(text)
    if isinstance(place, int) or "://" in place:
        return None
    path = Path(place)
    return path.is_dir() if path.exists() else None
