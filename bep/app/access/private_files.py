"""What is kept about who may come in: files for their owner alone, whoever may read the rest. Knows no format."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bep.app.errors import Refused
from bep.disk.durable import At, make_folder, nowhere, replacing, sync_folder

FILE: Final = 0o600
FOLDER: Final = 0o700
NAME: Final = "access"
"""The folder of it all, below what is bep's of a workspace in its stage."""


def make_private(folder: Path) -> Path:
    """The folder, made where it is missing, closed to all but its owner, even of a workspace that a group shares.

    Raises `OSError`.
    """
    make_folder(folder)
    if folder.stat().st_mode & 0o777 != FOLDER:
        folder.chmod(FOLDER)
        sync_folder(folder.parent)
    return folder


def write_private(path: Path, value: Mapping[str, Any], *, at: At = nowhere) -> None:
    """The whole document or nothing of it, as JSON. Raises `OSError`."""
    with replacing(path, mode=FILE, at=at) as stream:
        stream.write(json.dumps(value, indent=2).encode())


def read_private(path: Path, version: int) -> dict[str, Any] | None:
    """The document; None where there is none. One that cannot be understood is never taken for an empty one.

    Raises `Refused` for what is damaged or of a newer bep, `OSError`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = json.loads(content)
    except ValueError as error:
        raise damaged(path, f"it is no JSON ({error})" if content else "it has no bytes") from None
    if not isinstance(found, dict) or not isinstance(found.get("format_version"), int):
        raise damaged(path, "it has no format_version")
    if found["format_version"] != version:
        raise Refused(
            f"{path} has format {found['format_version']}; this bep knows {version}: nobody is let in by it\n"
            "    fix: use the bep that wrote it, or a newer one"
        )
    return found


def damaged(path: Path, why: str) -> Refused:
    """Why a file is not read."""
    return Refused(
        f"{path} is damaged: {why}; nobody is let in by it\n"
        "    fix: put a good copy in its place; or move it away and make what was in it anew"
    )


def mark_of(path: Path) -> tuple[int, int, int] | None:
    """What is another after each change of a file that is replaced whole; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
