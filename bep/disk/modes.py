"""Who may read what bep keeps: its owner alone, or the owner's group too. Asked for once a process, as a umask is."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple


class Modes(NamedTuple):
    """The modes of a folder and of a file."""

    folder: int
    file: int


PRIVATE: Final = Modes(0o700, 0o600)
GROUP: Final = Modes(0o750, 0o640)

_asked = PRIVATE


def ask_for(modes: Modes) -> None:
    """Let what is made from now on have these modes. A umask that would keep the group out does not, for `GROUP`."""
    global _asked
    _asked = modes
    if modes == GROUP:
        os.umask(os.umask(0o077) & ~GROUP.folder)


def asked() -> Modes:
    """The modes that what is made has."""
    return _asked


def make_folder(folder: Path) -> tuple[Path, ...]:
    """Make a folder and those above it that are missing, each with the mode asked for; those that were made, in order.

    What is there already stays as it is, wider or not.
    """
    missing = [step for step in (folder, *folder.parents) if not step.exists()][::-1]
    made = []
    for step in missing:
        with suppress(FileExistsError):
            step.mkdir(mode=_asked.folder)
            made.append(step)
            _without_umask(step)
    if not folder.is_dir():
        folder.mkdir()  # which says what stands there
    return tuple(made)


def _without_umask(folder: Path) -> None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o777 != _asked.folder:
        folder.chmod(mode & 0o7000 | _asked.folder)  # a folder's set-group-ID bit is inherited, and kept


def is_wider(folder: Path) -> int | None:
    """The mode of a folder of this user's that lets more people in than were asked for; None for any other."""
    try:
        status = folder.stat()
    except OSError:
        return None
    mode = stat.S_IMODE(status.st_mode) & 0o777
    return mode if status.st_uid == os.geteuid() and mode & ~_asked.folder & 0o077 else None


def is_narrower(folder: Path) -> bool:
    """Whether a folder of this user's keeps the group out that was asked for."""
    try:
        status = folder.stat()
    except OSError:
        return False
    wanted = _asked.folder & 0o050
    return status.st_uid == os.geteuid() and status.st_mode & wanted != wanted
