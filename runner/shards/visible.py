"""Which files every machine sees at the same path: in the share's own folder, or below one that the user names.

Looks at names and links; opens no file.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path


class Visible:
    """Folders that all machines see. A file counts where its name and what it leads to both lie in one of them: a
    name that leads into such a folder from elsewhere is not there on another machine, nor is what a link in it leads
    to elsewhere."""

    def __init__(self, folders: Iterable[Path]) -> None:
        named = [os.fsencode(os.path.abspath(folder)) for folder in folders]  # noqa: PTH100 - links stay
        self._named = tuple(_with_slash(name) for name in named)
        self._real = tuple(_with_slash(os.path.realpath(name)) for name in named)
        self._folder, self._real_folder = b"", b""

    def sees(self, file: bytes) -> bool:
        """Whether all machines see this absolute name, and the very file that it leads to."""
        if not file.startswith((*self._named, *self._real)):
            return False
        folder, _, name = file.rpartition(b"/")
        if folder != self._folder:  # the files of a folder follow one another
            self._folder, self._real_folder = folder, os.path.realpath(folder or b"/")
        try:
            is_link = stat.S_ISLNK(os.lstat(file).st_mode)
        except OSError:
            return False  # whoever opens it says what is wrong
        real = os.path.realpath(file) if is_link else _with_slash(self._real_folder) + name
        return real.startswith(self._real)


def _with_slash(path: bytes) -> bytes:
    return path.rstrip(b"/") + b"/"
