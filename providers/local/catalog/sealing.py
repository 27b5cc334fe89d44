"""Rows that an earlier bep wrote with secrets in clear: sealed once, for good. Knows tables, not what a kind means."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

Sealing = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Gives the same attributes with a seal in place of each secret; the same object where there is none."""

MARK = "sealed_rows"
"""The table that says of a catalog that none of its rows was written before bep recognised secrets."""

MARKED = f"SELECT name FROM sqlite_master WHERE name = '{MARK}'"
"""Gives a row where the mark is there."""


def is_marked(connection: sqlite3.Connection) -> bool:
    """Whether every row is as a bep wrote it that seals what it recognises."""
    return connection.execute(MARKED).fetchone() is not None


def seal_copy(path: Path, sealing: Sealing, encoded: Callable[[Any], str]) -> None:
    """Seal a copy of a catalog, which stays of its format; one that cannot be read has nothing that is read either."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if not is_marked(connection):
            seal_rows(connection, sealing, encoded)


def seal_rows(connection: sqlite3.Connection, sealing: Sealing, encoded: Callable[[Any], str]) -> None:
    """Seal and mark. An etag stays: the object is the same. A kill leaves all rows sealed and marked, or none.

    What was in clear is overwritten in the file, too, and not only let go.
    """
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        changed = []
        if not is_marked(connection):
            for address, text in connection.execute("SELECT address, attributes FROM objects").fetchall():
                attributes = json.loads(text)
                if (kept := sealing(attributes)) is not attributes:
                    changed.append((encoded(kept), address))
            connection.executemany("UPDATE objects SET attributes = ? WHERE address = ?", changed)
            connection.execute(f"CREATE TABLE {MARK} (rule INTEGER NOT NULL)")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    if changed:
        _overwrite(connection)


def _overwrite(connection: sqlite3.Connection) -> None:
    """Leave no page of the file or of its log as it was; others who read at this moment keep the log for now."""
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:  # no room for a second copy, or a reader: the rows are sealed all the same
        return
