"""The file under the catalog: made whole or not at all, opened with care, its faults put into words. Knows no row."""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bep.providers.durable import sync_folder
from bep.providers.protocol import ProviderError

FORMAT: Final = 1
"""What `PRAGMA user_version` holds. A newer file is refused by number."""

APPLICATION: Final = 0x62657063
"""`PRAGMA application_id`, the letters `bepc`: tells this file from any other SQLite database."""

BUSY_SECONDS: Final = 30.0

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
    uri = f"file:{_quoted(path)}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
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
        way_out = (
            f"another process has held it for {BUSY_SECONDS:.0f} s" if busy else "check its disk and its permissions"
        )
        code = "CatalogBusy" if busy else "CatalogUnusable"
        raise ProviderError(address, operation, f"{path}: {error}; {way_out}", code=code, retryable=busy) from error
    except (sqlite3.DatabaseError, ValueError) as error:
        raise _damaged(path, address, operation, str(error)) from error


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
