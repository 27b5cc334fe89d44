"""The file under the catalog: made whole or not at all, opened with care, its faults put into words. Knows no row."""

import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bep.providers.durable import sync_folder
from bep.providers.protocol import ProviderError

FORMAT: Final = 1
"""What `PRAGMA user_version` holds. A newer file is refused by number."""

APPLICATION: Final = 0x62657063
"""`PRAGMA application_id`, the letters `bepc`: tells this file from any other SQLite database."""

BUSY_SECONDS: Final = 30.0

_LITTLE: Final = 64 * 1024
"""Bytes of room below which SQLite's own words for a full disk are a disk I/O error."""

_TABLES: Final = f"""
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE objects (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  address TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  attributes TEXT NOT NULL,
  contents TEXT NOT NULL,
  etag TEXT NOT NULL,
  operation TEXT NOT NULL,
  created TEXT NOT NULL,
  updated TEXT NOT NULL
);
CREATE INDEX by_kind ON objects (kind, number);
CREATE TABLE uses (target TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (target, source)) WITHOUT ROWID;
CREATE INDEX by_source ON uses (source);
CREATE TABLE writes (number INTEGER NOT NULL);
INSERT INTO writes VALUES (0);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""


def make(path: Path) -> None:
    """Make an empty catalog, complete from its first moment on; if another process was faster, theirs stays.

    SQLite alone would leave a file of no bytes when killed early, and no bytes must never read as "nothing exists".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new-{secrets.token_hex(6)}")
    try:
        connection = sqlite3.connect(new, isolation_level=None)
        try:
            connection.executescript(_TABLES)
        finally:
            connection.close()
        with new.open("rb") as file:
            os.fsync(file.fileno())
        _put_if_absent(new, path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def connect(path: Path, address: str, operation: str) -> sqlite3.Connection:
    """An open catalog. Raises `ProviderError` for a file that is not one, or that a newer bep wrote."""
    if path.stat().st_size == 0:
        raise _damaged(path, address, operation, "it has no bytes")
    return _checked(_connected(path, "mode=rw"), path, address, operation)


def connect_to_read(path: Path, address: str, operation: str) -> sqlite3.Connection:
    """The same for reading alone, also where this process may not write: a colleague's world, a read-only mount.

    SQLite writes beside a file in WAL mode to read it. Where it may not, a file without anything in its log is read as
    one that nobody changes; one that has is read from a copy of both, which is gone with the connection.
    """
    if _is_writable(path):
        return connect(path, address, operation)
    if path.stat().st_size == 0:
        raise _damaged(path, address, operation, "it has no bytes")
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size == 0:
        return _checked(_connected(path, "mode=ro&immutable=1"), path, address, operation)
    with tempfile.TemporaryDirectory(prefix="bep-catalog-") as place:
        for file in (path, log):
            shutil.copyfile(file, Path(place) / file.name)
        copied = _connected(Path(place) / path.name, "mode=rw")
        kept = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        copied.backup(kept)
        copied.close()
    kept.execute("PRAGMA query_only = 1")  # it is a copy: what is written there would be lost without a word
    return _checked(kept, path, address, operation)


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connected(path: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{_quoted(path)}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _checked(connection: sqlite3.Connection, path: Path, address: str, operation: str) -> sqlite3.Connection:
    try:
        connection.execute("PRAGMA synchronous = FULL")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise _damaged(path, address, operation, "it is another program's database")
        if version != FORMAT:
            message = f"{path} has format {version}; this bep knows {FORMAT}. Use the bep that wrote it, or a newer one"
            raise ProviderError(address, operation, message, code="CatalogNewer")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def explained(path: Path, address: str, operation: str) -> Iterator[None]:
    """Turn what SQLite says of the file into a `ProviderError` that names the file and the way out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        busy = "locked" in str(error)
        way_out = f"another process has held it for {BUSY_SECONDS:.0f} s" if busy else _way_out(path, str(error))
        code = "CatalogBusy" if busy else "CatalogUnusable"
        raise ProviderError(address, operation, f"{path}: {error}; {way_out}", code=code, retryable=busy) from error
    except (sqlite3.DatabaseError, ValueError) as error:
        raise _damaged(path, address, operation, str(error)) from error


def _way_out(path: Path, said: str) -> str:
    """What to do about a file that SQLite cannot write or read, in words of the folder it lies in."""
    folder = path.parent
    if not (_is_writable(path) if path.exists() else os.access(folder, os.W_OK)):
        whose = ""
        with suppress(OSError, KeyError):
            import pwd

            whose = f", which belongs to {pwd.getpwuid(folder.stat().st_uid).pw_name},"
        return f"{folder}{whose} may only be read here: plan and show work; to change it, ask its owner or use a copy"
    with suppress(OSError):
        free = os.statvfs(folder)
        if free.f_bavail * free.f_frsize < _LITTLE or "full" in said:
            return f"the disk of {folder} is full: make room, then give the same command again"
    return f"check the disk of {folder} and its permissions"


def _damaged(path: Path, address: str, operation: str, why: str) -> ProviderError:
    message = (
        f"{path} is damaged: {why}. Put a good copy in its place, or move it away"
        " (with the files beside it that start with its name) and apply again to make everything anew"
    )
    return ProviderError(address, operation, message, code="CatalogDamaged")


def _put_if_absent(new: Path, path: Path) -> None:
    try:
        path.hardlink_to(new)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links: the rename is as whole, but may win over another's
        new.replace(path)


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))
