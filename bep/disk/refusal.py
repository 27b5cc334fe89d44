"""What the system refuses of a disk, put into words: which folder, whose it is, the way out. Knows no room above it."""

import errno
import os
import pwd
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import dataclass

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
"""No room, or none left of the user's share of it."""

_RIGHTS: Final = (errno.EACCES, errno.EPERM)

_SCARCE: Final = 1 << 20  # bytes: SQLite says "disk I/O error" of its shared memory where less than 32 KiB are left


@dataclass(frozen=True, slots=True)
class Refusal:
    """What cannot be read or written and why, and the way out, which is empty where there is none to name."""

    place: Path | None
    why: str
    fix: str = ""

    @property
    def reason(self) -> str:
        """Place and reason, without the way out."""
        return f"{self.place}: {self.why}" if self.place else self.why

    def __str__(self) -> str:
        return f"{self.reason}\n    fix: {self.fix}" if self.fix else self.reason


def explained(error: OSError, path: Path | str | None = None) -> Refusal:
    """What an error of the system says of the file that it names, or else of `path`."""
    named = error.filename2 or error.filename or path
    words = error.strerror or str(error)
    if named is None or isinstance(named, int):
        return Refusal(None, words, "make room, then try again" if error.errno in FULL else "")
    place = Path(os.fsdecode(named))
    if error.errno in FULL:
        return Refusal(place, words, f"make room on the disk of {_standing(place.parent)}, then try again")
    if error.errno == errno.EROFS:
        return Refusal(place, words, _elsewhere(f"mount {_mount_of(_standing(place))} for writing"))
    if error.errno in _RIGHTS:
        return _no_right(place, words)
    return Refusal(place, words)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that was written: of an open file it says only its number."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def no_write(places: Iterable[Path]) -> Refusal | None:
    """Why the first of these that cannot be written cannot; what is not there would be made in the folder above."""
    for place in places:
        there = _standing(place)
        if not os.access(there, os.W_OK | (os.X_OK if there.is_dir() else 0)):
            number = errno.EROFS if _is_mounted_to_read(there) else errno.EACCES
            return explained(OSError(number, os.strerror(number), str(there)))
    return None


def as_oserror(error: sqlite3.Error, path: Path) -> OSError | None:
    """What SQLite has met on the disk, as the system would have said it; None where it is something else."""
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    number = errno.ENOSPC if primary == sqlite3.SQLITE_FULL else None
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        number = _cause(path)
    if number is None and primary == sqlite3.SQLITE_IOERR:
        number = errno.EIO
    return OSError(number, os.strerror(number), str(path)) if number else None


def _cause(path: Path) -> int | None:
    """Why SQLite cannot have the file or those beside it: it says too little itself."""
    there = _standing(path)
    folder = there if there.is_dir() else there.parent
    if _is_mounted_to_read(there):
        return errno.EROFS
    if not (os.access(there, os.R_OK | os.W_OK) and os.access(folder, os.W_OK | os.X_OK)):
        return errno.EACCES
    system = os.statvfs(there)
    return (
        errno.ENOSPC
        if system.f_bavail * system.f_frsize < _SCARCE or (system.f_files and not system.f_favail)
        else None
    )


def _no_right(place: Path, words: str) -> Refusal:
    culprit = _standing(place)
    found = culprit.stat()
    beside = culprit.parent
    if os.access(culprit, os.R_OK | os.W_OK) and not os.access(beside, os.W_OK | os.X_OK):
        culprit, found = beside, beside.stat()
    mode = stat.filemode(found.st_mode)
    named = "it" if culprit == place.absolute() else str(culprit)
    if found.st_uid == os.geteuid():
        return Refusal(place, f"{words}: {named} is yours, and its mode {mode} forbids it", f"chmod -R u+rwX {culprit}")
    whose, asker = _user(found.st_uid), _user(os.geteuid())
    why = f"{words}: {named} belongs to {whose} ({mode}), and you are {asker}"
    return Refusal(place, why, _elsewhere(f"ask {whose} for the right to it"))


def _elsewhere(otherwise: str) -> str:
    return f"work in a copy of the workspace that is yours to write, or {otherwise}"


def _standing(path: Path) -> Path:
    """The path itself where it can be seen, else the nearest folder above it that can."""
    here = path.absolute()
    while not os.path.lexists(here) and here != here.parent:
        here = here.parent
    return here


def _is_mounted_to_read(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _mount_of(path: Path) -> Path:
    while not path.is_mount() and path != path.parent:
        path = path.parent
    return path


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
