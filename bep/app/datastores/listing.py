"""The names of the files below a folder, in the order of a storage account, from any name on. Reads names alone."""

from collections.abc import Iterator
from pathlib import Path

from bep.disk.beneath import NotBeneath, listed
from bep.disk.placing import PARTIAL


def names(root: Path, prefix: str, after: str, *, by_folder: bool) -> Iterator[str]:
    """Names that begin with `prefix` and come after `after`, in the order of their characters. Links and devices are
    passed over. `by_folder`: what is in a folder beyond the prefix is one name, the folder's, with a slash at its end.
    """
    found = _below(root, prefix.rpartition("/")[0], prefix, after, by_folder)
    return (name for name in found if name > after)


def _below(root: Path, folder: str, prefix: str, after: str, by_folder: bool) -> Iterator[str]:
    try:
        entries = listed(root, folder)
    except NotBeneath:  # there is no such folder, or it was removed meanwhile
        return
    above = f"{folder}/" if folder else ""
    ends = {"file": "", "folder": "/"}
    there = [above + entry.name + ends[entry.kind] for entry in entries if entry.kind in ends]
    for name in sorted(there):
        if not name.startswith(prefix) or name.startswith(above + PARTIAL):
            continue
        if by_folder or not name.endswith("/"):
            yield name
        elif name > after or after.startswith(name):
            yield from _below(root, name[:-1], prefix, after, by_folder)
