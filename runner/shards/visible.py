"""Which files every machine sees at the same path: in the share's own folder, or below one that the user names.

Looks at names and links; opens no file.
"""

import os
import stat
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

_MANY: Final = 64  # files of one folder after which all its links are looked for at once
_MOST: Final = 50_000  # links that are kept: some megabytes


class Visible:
    """Folders that all machines see. A file counts where its name and what it leads to both lie in one of them: a
    name that leads into such a folder from elsewhere is not there on another machine, nor is what a link in it leads
    to elsewhere."""

    def __init__(self, folders: Iterable[Path]) -> None:
        named = [os.fsencode(os.path.abspath(folder)) for folder in folders]  # noqa: PTH100 - links stay
        self._named = tuple(_with_slash(name) for name in named)
        self._real = tuple(_with_slash(os.path.realpath(name)) for name in named)
        self._folder, self._real_folder = b"", b""
        self._looked_at = 0
        self._links: frozenset[bytes] | None = None

    def sees(self, file: bytes) -> bool:
        """Whether all machines see this absolute name, and the very file that it leads to."""
        if not file.startswith((*self._named, *self._real)):
            return False
        folder, _, name = file.rpartition(b"/")
        if folder != self._folder:  # the files of a folder follow one another
            self._folder, self._real_folder = folder, _with_slash(os.path.realpath(folder or b"/"))
            self._looked_at, self._links = 0, None
        try:
            is_link = self._is_link(file, name)
        except OSError:
            return False  # whoever opens it says what is wrong
        real = os.path.realpath(file) if is_link else self._real_folder + name
        return real.startswith(self._real)

    def _is_link(self, file: bytes, name: bytes) -> bool:
        """Whether a name of the folder is a link. A million questions to the system are some seconds: where there are
        many names, their folder is read instead, once."""
        self._looked_at += 1
        if self._looked_at == _MANY:
            self._links = _links_of(self._folder or b"/")
        return stat.S_ISLNK(os.lstat(file).st_mode) if self._links is None else name in self._links


def _links_of(folder: bytes) -> frozenset[bytes] | None:
    """The names of a folder that are links; None where these are too many to keep, or it may not be read."""
    try:
        with os.scandir(folder) as entries:
            links = frozenset(islice((entry.name for entry in entries if entry.is_symlink()), _MOST + 1))
    except OSError:
        return None
    return links if len(links) <= _MOST else None


def _with_slash(path: bytes) -> bytes:
    return path.rstrip(b"/") + b"/"
