"""Writing so that a kill or a power cut leaves the old or the new, never a half. Knows bytes and paths only."""

import os
import secrets
from pathlib import Path


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder as lasting as the bytes of its files."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, text: str) -> None:
    """Put a text file in place at once: temporary file, flush, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_folder(path.parent)
