"""Files below one folder, whatever names are asked for, whatever links lie there. Knows nothing of what they hold."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nsmallest
from pathlib import Path
from typing import BinaryIO, Final

from bep.lazy_dataclasses import dataclass

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe with no writer is not waited for


class NotBeneath(Exception):
    """There is no such file or folder below the folder: no such name, a name that leads out, a link, a device."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a folder has under a name. `kind` is `file`, `folder`, `link` or `other`; `size` is bytes, `changed` seconds
    on the wall clock."""

    name: str
    kind: str
    size: int
    changed: float


def parts_of(name: str) -> tuple[str, ...]:
    """The steps of a relative name; none for the folder itself. Raises `NotBeneath` for one that could lead out."""
    if not name:
        return ()
    steps = tuple(name.split("/"))
    if any(step in ("", ".", "..") or "\0" in step for step in steps):
        raise NotBeneath(name)
    return steps


@contextmanager
def opened(root: Path, name: str) -> Iterator[BinaryIO]:
    """The file of this name below `root`, to be read. Each step is opened from the one before and no link is followed,
    so that no change of the folders between two looks leads elsewhere. Raises `NotBeneath`."""
    steps = parts_of(name)
    if not steps:
        raise NotBeneath(name)
    with _folder(root, steps[:-1], name) as folder:
        try:
            file = os.open(steps[-1], _FILE, dir_fd=folder)
        except (OSError, ValueError):  # the latter: a name that this system has no bytes for
            raise NotBeneath(name) from None
    with _regular(file, name) as stream:
        yield stream


@contextmanager
def _regular(file: int, name: str) -> Iterator[BinaryIO]:
    """An open file as a stream. Raises `NotBeneath` for what is no file of bytes."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise NotBeneath(name)
    with os.fdopen(file, "rb") as stream:
        yield stream


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """A file of bytes, to be read, wherever it lies. Raises `NotBeneath` where there is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        raise NotBeneath(str(path)) from None
    with _regular(file, str(path)) as stream:
        yield stream


def listed(root: Path, name: str = "", *, after: str = "", most: int | None = None) -> list[Entry]:
    """What the folder of this name below `root` has, by name: those `after` a name, so many at `most`, and no more are
    held however many there are. Raises `NotBeneath`."""
    with _folder(root, parts_of(name), name) as folder, os.scandir(folder) as entries:
        wanted = (entry.name for entry in entries if entry.name > after)
        names = sorted(wanted) if most is None else nsmallest(most, wanted)
        return [found for one in names if (found := _entry(folder, one))]


def walked(root: Path, name: str = "") -> Iterator[tuple[str, Entry]]:
    """Every file below, with its name from `root`; links and devices are passed over. Raises `NotBeneath`."""
    for entry in listed(root, name):
        path = f"{name}/{entry.name}" if name else entry.name
        if entry.kind == "folder":
            try:
                yield from walked(root, path)
            except NotBeneath:  # removed meanwhile
                continue
        elif entry.kind == "file":
            yield path, entry


@contextmanager
def _folder(root: Path, steps: tuple[str, ...], name: str) -> Iterator[int]:
    folder = -1
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the root itself may be a link
        for step in steps:
            below = os.open(step, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
    except (OSError, ValueError):
        if folder >= 0:
            os.close(folder)
        raise NotBeneath(name) from None
    try:
        yield folder
    finally:
        os.close(folder)


def _entry(folder: int, name: str) -> Entry | None:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"))
    kind = next((kind for is_kind, kind in kinds if is_kind(there.st_mode)), "other")
    return Entry(name, kind, there.st_size, there.st_mtime)
