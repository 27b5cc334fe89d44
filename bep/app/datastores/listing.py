"""The names of the files below a folder, in the order of a storage account, from any name on. Reads names alone."""

from collections.abc import Iterator
from pathlib import Path

from bep.disk.beneath import NotBeneath, listed
from bep.disk.placing import PARTIAL


def names(root: Path, prefix: str, after: str, *, by_folder: bool) -> Iterator[str]:
    """Names that begin with `prefix` and come after `after`, in the order of their characters. Links and devices are
    passed over. `by_folder`: what is in a folder beyond the prefix is one name, the folder's, with a slash at its end.
    """
    waiting = [_entries(root, prefix.rpartition("/")[0], prefix)]  # of each folder on the way, what is left of it
    while waiting:  # no recursion: folders are as deep as somebody made them
        name = next(waiting[-1], None)
        if name is None:
            waiting.pop()
        elif by_folder or not name.endswith("/"):
            if name > after:
                yield name
        elif name > after or after.startswith(name):
            waiting.append(_entries(root, name[:-1], prefix))


def _entries(root: Path, folder: str, prefix: str) -> Iterator[str]:
    """The whole names of what is in one folder and begins with the prefix; those of folders end with a slash."""
    try:
        entries = listed(root, folder)
    except NotBeneath:  # there is no such folder, or it was removed meanwhile
        return iter(())
    above = f"{folder}/" if folder else ""
    ends = {"file": "", "folder": "/"}
    there = sorted(above + entry.name + ends[entry.kind] for entry in entries if entry.kind in ends)
    return (name for name in there if name.startswith(prefix) and not name.startswith(above + PARTIAL))
