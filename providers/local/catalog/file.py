"""The file under the catalog: made whole or not at all, opened with care, its faults put into words. Knows no row."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bep.disk.durable import name_if_free, sync_file, sync_folder
from bep.disk.refusal import as_oserror
from bep.disk.refusal import explained as refusal_of
from bep.providers.local.catalog.sealing import MARK
from bep.providers.protocol import ProviderError

FORMAT: Final = 2
"""What `PRAGMA user_version` holds. A newer file is refused by number.

Since 2 a record of contents says by which rule its digest was made; one of format 1 is of the first.
"""

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
CREATE TABLE {MARK} (rule INTEGER NOT NULL);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""


def make(path: Path) -> None:
    """Make an empty catalog. Raises as `make_database`."""
    from bep.disk.databases import make_database

    make_database(path, _TABLES)


def connect(path: Path, address: str, operation: str, *, how: str = "mode=rw") -> sqlite3.Connection:
    """An open catalog, `how` as SQLite's URIs say it. Raises `ProviderError` for a file that is none, or a newer bep's.

    Raises `sqlite3.OperationalError` and `OSError` where the disk does not let it.
    """
    if path.stat().st_size == 0:
        raise _damaged(path, address, operation, "it has no bytes")
    uri = f"file:{_quoted(path)}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION:
            raise _damaged(path, address, operation, "it is another program's database")
        version = _version(connection)
        if not 1 <= version <= FORMAT:
            message = f"{path} has format {version}; this bep knows {FORMAT}. Use the bep that wrote it, or a newer one"
            raise ProviderError(address, operation, message, code="CatalogNewer")
    except BaseException:
        connection.close()
        raise
    return connection


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Let a catalog of an earlier format be of today's, a copy of it kept beside it as `catalog.sqlite.format-N`.

    An earlier bep refuses it from then on, by number, instead of falling over what it does not know.
    """
    if _version(connection) == FORMAT:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version != FORMAT:  # else another process was faster
            _keep_copy(path, path.with_name(f"{path.name}.format-{version}"))
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _keep_copy(path: Path, kept: Path) -> None:
    new = path.with_name(f"{path.name}.new-{os.urandom(6).hex()}")
    try:
        source = sqlite3.connect(path, isolation_level=None)
        try:
            source.execute("VACUUM INTO ?", (str(new),))
        finally:
            source.close()
        new.chmod(path.stat().st_mode & 0o777)
        sync_file(new)
        with suppress(FileExistsError):
            name_if_free(new, kept)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def explained(path: Path, address: str, operation: str) -> Iterator[None]:
    """Turn what SQLite says of the file into a `ProviderError` that names the file and the way out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        refused = as_oserror(error, path)
        if refused is not None:
            raise _unusable(path, address, operation, refused) from error
        busy = "locked" in str(error)
        way_out = f"another process has held it for {BUSY_SECONDS:.0f} s" if busy else "look at its disk"
        code = "CatalogBusy" if busy else "CatalogUnusable"
        raise ProviderError(address, operation, f"{path}: {error}; {way_out}", code=code, retryable=busy) from error
    except OSError as error:
        raise _unusable(path, address, operation, error) from error
    except (sqlite3.DatabaseError, ValueError) as error:
        raise _damaged(path, address, operation, str(error)) from error


def _unusable(path: Path, address: str, operation: str, error: OSError) -> ProviderError:
    message = str(refusal_of(error, path)).removeprefix(f"{address}: ")
    return ProviderError(address, operation, message, code="CatalogUnusable")


def _damaged(path: Path, address: str, operation: str, why: str) -> ProviderError:
    message = (
        f"{path} is damaged: {why}. Put a good copy in its place, or move it away"
        " (with the files beside it that start with its name) and apply again to make everything anew"
    )
    return ProviderError(address, operation, message, code="CatalogDamaged")


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))
