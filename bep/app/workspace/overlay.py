"""The workspace's files as they would be with some of them written anew. Writes nothing; knows no spec."""

import posixpath
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from bep.app.workspace.files import WorkspaceFiles


class Overlay(WorkspaceFiles):
    """What is on disk, except for the files in `texts`, by their path relative to `root`."""

    def __init__(self, root: Path, texts: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self._texts = dict(texts)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        normal = posixpath.normpath(path)
        return self._texts[normal] if normal in self._texts else super().read(path)

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return posixpath.normpath(path) in self._texts or super().exists(path)

    def glob(self, pattern: str) -> Sequence[str]:
        """The files below the root that match, sorted."""
        wanted = PurePosixPath(pattern).parts
        added = (name for name in self._texts if _matches(PurePosixPath(name).parts, wanted))
        return sorted({*super().glob(pattern), *added})


def _matches(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a path from the root is of a pattern, as `Path.glob` has it: `**` is any number of folders."""
    if not wanted or (wanted[0] != "**" and not parts):
        return not parts and not wanted
    if wanted[0] == "**":
        return _matches(parts, wanted[1:]) or (bool(parts) and _matches(parts[1:], wanted))
    return fnmatchcase(parts[0], wanted[0]) and _matches(parts[1:], wanted[1:])
