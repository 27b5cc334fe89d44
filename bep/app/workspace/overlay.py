"""The workspace's files as they would be with some of them written anew. Writes nothing; knows no spec."""

import posixpath
from collections.abc import Mapping, Sequence
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
        added = (name for name in self._texts if PurePosixPath(name).match(pattern))
        return sorted({*super().glob(pattern), *added})
