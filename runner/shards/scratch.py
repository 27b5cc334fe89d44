"""The folder that one session of a shard has on its machine: made, and gone with it. Knows no share and no engine.

Locks tell who lives: what a session that was killed has left, the next one removes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bep.disk import modes
from bep.disk.known_digests import user_cache
from bep.disk.locks import open_lock, wait
from bep.runner.folder import leftover_processes
from bep.runner.folder.folder import JobFolder

_FOLDER = "shards"


@contextmanager
def scratch(session: str, environment: Mapping[str, str]) -> Iterator[JobFolder]:
    """A new folder in the user's cache, named as the session is; all in it is removed at the end. Raises `OSError`.

    Each machine has its own: a home may be on many, and locks there need not hold from one to the other.
    """
    place = _place(environment)
    modes.make_folder(place)
    folder = JobFolder(place / session)
    with _alone(place):
        _sweep(place)
        held = folder.held()
        held.__enter__()  # a folder that nobody holds is one that a killed session has left
    try:
        folder.make()
        yield folder
    finally:
        _remove(folder)
        held.__exit__(None, None, None)


def sweep(environment: Mapping[str, str]) -> None:
    """Remove what sessions of this user have left here that were killed, as the next one would. Raises `OSError`."""
    place = _place(environment)
    if place.is_dir():
        with _alone(place):
            _sweep(place)


def _place(environment: Mapping[str, str]) -> Path:
    return (user_cache(environment) or _for_nobody()) / _FOLDER / os.uname().nodename


def _for_nobody() -> Path:
    """Of a user without a home."""
    return Path(tempfile.gettempdir(), f"bep-{os.geteuid()}")


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    lock = open_lock(place / "lock")
    try:
        wait(lock)
        yield
    finally:
        os.close(lock)


def _sweep(place: Path) -> None:
    for path in sorted(place.iterdir()):
        if path.is_dir():
            folder = JobFolder(path)
            with suppress(OSError), folder.unheld() as is_free:
                if is_free is not False:
                    _remove(folder)


def _remove(folder: JobFolder) -> None:
    leftover_processes.end(folder.parts)
    shutil.rmtree(folder.path, ignore_errors=True)
