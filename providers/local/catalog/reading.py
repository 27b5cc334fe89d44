"""The catalog opened by who may only read it: a colleague's, a read-only mount, a full disk. Writes nothing beside it.

SQLite wants to write in order to read: the index of its write-ahead log. Where that cannot be, an index that is there
is used as it is, and a file without a log is read as one that nobody changes, which the caller has to make sure of.
"""

import os
import sqlite3
from pathlib import Path

from bep.disk.refusal import FULL, as_oserror, no_write
from bep.lazy_dataclasses import dataclass
from bep.providers.local.catalog.file import connect

Moment = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Reading:
    """An open catalog. `moment` is the file's, where what is read counts only while that is still so."""

    connection: sqlite3.Connection
    is_writable: bool = False
    moment: Moment | None = None


def moment_of(path: Path) -> Moment:
    """What changes with the file, and whether someone keeps a log beside it. Raises `OSError`."""
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns, os.path.exists(_log(path)))  # noqa: PTH110 - never raises


def connect_to_read(path: Path, address: str, operation: str) -> Reading:
    """The catalog, open for writing as well where that is possible. Raises as `connect` does, and `OSError`."""
    has_room = True
    if no_write((path, path.parent)) is None:
        try:
            return Reading(connect(path, address, operation), is_writable=True)
        except sqlite3.OperationalError as error:
            refused = as_oserror(error, path)
            if refused is None or refused.errno not in FULL:
                raise
            has_room = False  # for an index: what there is of one now is what the attempt has left
    log, index = _log(path), path.with_name(f"{path.name}-shm")
    if has_room and log.exists() and index.exists():
        return Reading(connect(path, address, operation, how="mode=ro"))
    if log.exists() and log.stat().st_size:
        return Reading(_of_a_copy(path, address, operation))
    moment = moment_of(path)
    return Reading(connect(path, address, operation, how="mode=ro&immutable=1"), moment=moment)


def _of_a_copy(path: Path, address: str, operation: str) -> sqlite3.Connection:
    """A log without its index, as a copied folder may have it: read where an index can be made."""
    import shutil  # only for what may not be read in its place
    import tempfile

    with tempfile.TemporaryDirectory(prefix="bep-") as folder:
        copy = Path(folder, path.name)
        shutil.copyfile(_log(path), _log(copy))
        shutil.copyfile(path, copy)
        return connect(copy, address, operation)  # it has looked into every file by now: their names may go


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
