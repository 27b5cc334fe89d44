"""Which servers of a workspace run now, and under which address: each keeps a locked file, which ends with it.

A process number would not do: another process has it some day, and one in a container is none outside of it.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.disk import modes
from bep.disk.durable import sync_folder, write_all
from bep.disk.locks import open_lock, take

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

FOLDER: Final = "servers"
_ENDING: Final = ".json"


@contextmanager
def announced(home: Path, address: str, started: str) -> Iterator[Callable[[], None]]:
    """Tell others that a server of this process answers at `address`, until the end or the process's.

    What it gives ends that sooner: a server that is about to end answers no new request, and nobody is to be sent to
    it. The file is written and locked before it has its name: whoever finds it reads all of it. Raises `OSError`.
    """
    folder = home / FOLDER
    modes.make_folder(folder)
    name = secrets.token_hex(8)
    new, path = folder / f".{name}.new", folder / f"{name}{_ENDING}"
    file = open_lock(new)

    def withdraw() -> None:
        for left in (new, path):
            with suppress(OSError):
                left.unlink()

    try:
        take(file)
        write_all(file, json.dumps({"address": address, "process": os.getpid(), "started": started}).encode())
        os.fsync(file)
        new.replace(path)
        sync_folder(folder)
        yield withdraw
    finally:
        withdraw()
        os.close(file)


def running_server(opened: "Specs") -> str | None:
    """The address of the server of this workspace, in its stage, that was started last; None where none runs.

    It has no slash at its end. Files of servers that were killed are not looked at.
    """
    living = [found for path in _files(opened.home / FOLDER) if (found := _living(path)) is not None]
    return max(living, key=lambda found: str(found["started"]))["address"] if living else None


def forget_dead(home: Path) -> None:
    """Remove what servers that were killed have left."""
    for path in _files(home / FOLDER):
        if _living(path) is None:
            with suppress(OSError):
                path.unlink()


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == _ENDING]
    except OSError:
        return []


def _living(path: Path) -> dict[str, Any] | None:
    """What a server says of itself; None where its process is gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if take(file, shared=True):
            return None
        found = json.loads(os.read(file, 65_536))
    except (OSError, ValueError):
        return None
    finally:
        os.close(file)
    return found if isinstance(found, dict) and isinstance(found.get("address"), str) else None
