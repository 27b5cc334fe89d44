"""Files: how this pure room asks for bytes. The faces bring the real one; tests bring a dictionary."""

import posixpath
from collections.abc import Sequence
from typing import Protocol

from bep.schemas.resource import Content


class Files(Protocol):
    """Read-only access to what stands under a workspace. Every path is relative to it, with `/`, or absolute."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `OSError` as the system does."""
        ...

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        ...

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""
        ...

    def glob(self, pattern: str) -> Sequence[str]:
        """The files that match, sorted."""
        ...

    def content(self, path: str) -> Content:
        """Digest of a file or a whole folder (names and bytes, ignore files honoured)."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """What stands directly in a folder, sorted: for 'did you mean'."""
        ...


MEND_LINK = "Put there what it leads to, or remove the link."


def absence_of(path: str, files: Files) -> str:
    """That a path is not there, or that the link is there which is all that is."""
    return f"{path} is a link to what is not there" if is_broken_link(path, files) else f"there is no {path}"


def is_broken_link(path: str, files: Files) -> bool:
    """Whether a name is there and what it stands for is not."""
    parent, name = posixpath.split(path)
    try:
        return not files.exists(path) and name in files.names(parent or ".")
    except (OSError, ValueError):
        return False
