"""SQLite databases as files: complete from their first moment on. Knows no table."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from bep.disk import modes
from bep.disk.durable import name_if_free, sync_file, sync_folder


def make_database(path: Path, script: str) -> None:
    """Make the database that a script fills; if another process was faster, theirs stays.

    SQLite alone would leave a file of no bytes when killed early, and no bytes must never read as "nothing is there".
    Raises `OSError`, and `sqlite3.Error` for what SQLite meets on the disk.
    """
    modes.make_folder(path.parent)
    new = path.with_name(f"{path.name}.new-{os.urandom(6).hex()}")
    try:
        connection = sqlite3.connect(new, isolation_level=None)
        try:
            connection.executescript(script)
        finally:
            connection.close()
        new.chmod(modes.asked().file)
        sync_file(new)
        with suppress(FileExistsError):
            name_if_free(new, path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)
