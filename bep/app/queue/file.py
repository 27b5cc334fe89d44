"""The file under the queue: made whole or not at all, opened with care, its faults put into words. Knows no ticket."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bep.app.errors import Refused
from bep.disk.databases import make_database
from bep.disk.refusal import as_oserror, no_write

FORMAT: Final = 1
"""What `PRAGMA user_version` holds. A newer file is refused by number."""

APPLICATION: Final = 0x62657071
"""`PRAGMA application_id`, the letters `bepq`: tells this file from any other SQLite database."""

BUSY_SECONDS: Final = 30.0

_TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE tickets (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  job TEXT NOT NULL,
  state TEXT NOT NULL,
  compute TEXT NOT NULL,
  instances INTEGER NOT NULL,
  host TEXT NOT NULL DEFAULT '',
  is_order INTEGER NOT NULL DEFAULT 0,
  record TEXT,
  document TEXT,
  request TEXT UNIQUE,
  digest TEXT NOT NULL DEFAULT '',
  asked_by TEXT NOT NULL DEFAULT '',
  starts INTEGER NOT NULL DEFAULT 0,
  hosted INTEGER NOT NULL DEFAULT 0,
  scored INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT '',
  error TEXT,
  finished TEXT
);
CREATE UNIQUE INDEX open_jobs ON tickets (job) WHERE state != 'ended';
CREATE INDEX listed_jobs ON tickets (job) WHERE record IS NOT NULL;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""


def make(path: Path) -> None:
    """Make an empty queue, complete from its first moment on; if another process was faster, theirs stays.

    Raises `OSError` where the disk does not let it.
    """
    with _explained(path):
        make_database(path, _TABLES)


@contextmanager
def opened_queue(path: Path) -> Iterator[sqlite3.Connection]:
    """The queue, open until the end; where it may only be read, for that. Raises `Refused` for a file that is none, and
    for a newer bep's; `OSError` where the disk does not let it."""
    with _explained(path):
        connection = _connect(path)
        try:
            yield connection
        finally:
            connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    from urllib.parse import quote

    if path.stat().st_size == 0:
        raise _damaged(path, "it has no bytes")
    how = "ro" if no_write((path, path.parent)) else "rw"
    uri = f"file:{quote(str(path.absolute()))}?mode={how}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what an order was given goes with it
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise _damaged(path, "it is another program's database")
        if version != FORMAT:
            raise Refused(
                f"{path} has format {version}; this bep knows {FORMAT}. Use the bep that wrote it, or a newer one"
            )
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the file into an error that names the file and the way out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        refused = as_oserror(error, path)
        if refused is not None:
            raise refused from error
        if "locked" in str(error):
            raise Refused(f"{path}: another process has held it for {BUSY_SECONDS:.0f} s; try again") from error
        raise _damaged(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> Refused:
    return Refused(
        f"{path} is damaged: {why}\n"
        "    fix: put a good copy in its place; or move it away: what waited in it is forgotten then, and no other job"
    )
