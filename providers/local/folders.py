"""Folders that appear whole: filled beside, then renamed. Knows no content."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bep.disk.durable import sync_folder
from bep.disk.modes import make_folder

UNFINISHED: Final = ".new-"

LEFTOVER_SECONDS: Final = 24 * 3600
"""An unfinished folder this old belongs to nobody that still runs."""


@contextmanager
def unfinished(parent: Path) -> Iterator[Path]:
    """An empty folder under `parent` to be filled; removed at the end if it was not published."""
    make_folder(parent)
    _sweep(parent)
    new = parent / f"{UNFINISHED}{os.urandom(8).hex()}"
    make_folder(new)
    try:
        yield new
    finally:
        if new.exists():
            remove(new)


def publish(new: Path, target: Path) -> None:
    """Give a filled folder its name. If another process was faster, theirs stays: it was made of the same digests."""
    try:
        new.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return
    sync_folder(target.parent)


def remove(folder: Path) -> None:
    """Take a folder away: it loses its name first, so that nobody finds half of it."""
    doomed = folder
    if not folder.name.startswith(UNFINISHED):
        doomed = folder.with_name(f"{UNFINISHED}{os.urandom(8).hex()}")
        try:
            folder.rename(doomed)
        except FileNotFoundError:
            return
    import shutil  # brings three compressors along

    shutil.rmtree(doomed, ignore_errors=True)


def _sweep(parent: Path) -> None:
    now = time.time()
    for left in parent.glob(f"{UNFINISHED}*"):
        try:
            if now - left.stat().st_mtime > LEFTOVER_SECONDS:
                import shutil

                shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:
            continue
