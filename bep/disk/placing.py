"""Whole files, given names below one folder: whatever names are asked for, no link on the way is followed.

The files are written elsewhere first, and are there under their name at once, or not at all.
"""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bep.disk import modes
from bep.disk.beneath import NotBeneath, parts_of

PARTIAL: Final = ".bep-upload-"
"""What the name of a file begins with that is being copied from another file system; what a kill leaves has it."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class InTheWay(Exception):
    """A file stands where a folder has to be, or a folder or a link where the file has to be."""


def place(written: Path, root: Path, name: str, *, over: bool) -> None:
    """Give a whole file, flushed already, a name below `root`, its folders made where they are missing.

    `over` takes the place of a file that is there; without it that raises `FileExistsError`. `written` has no name of
    its own any more. Raises `NotBeneath` for a name that leads out, and `InTheWay`.
    """
    steps = parts_of(name)
    if not steps:
        raise NotBeneath(name)
    with _made(root, steps[:-1], name) as folder:
        _must_be_free(folder, steps[-1], name)
        with _here(written, folder) as own:
            if over:
                os.rename(own, steps[-1], src_dir_fd=folder, dst_dir_fd=folder)
            else:
                os.link(own, steps[-1], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        os.fsync(folder)


def remove(root: Path, name: str) -> None:
    """Take the file of this name away, and the folders above it that are empty then. Raises `NotBeneath`."""
    steps = parts_of(name)
    if not steps:
        raise NotBeneath(name)
    with _there(root, steps[:-1], name) as folder:
        try:
            if not stat.S_ISREG(os.stat(steps[-1], dir_fd=folder, follow_symlinks=False).st_mode):
                raise NotBeneath(name)
            os.unlink(steps[-1], dir_fd=folder)
        except (OSError, ValueError):
            raise NotBeneath(name) from None
        os.fsync(folder)
    for length in range(len(steps) - 1, 0, -1):
        with suppress(OSError, NotBeneath), _there(root, steps[: length - 1], name) as above:
            os.rmdir(steps[length - 1], dir_fd=above)


@contextmanager
def _here(written: Path, folder: int) -> Iterator[str]:
    """The file in this very folder, under a name of its own, so that its real one is one step away."""
    own = f"{PARTIAL}{secrets.token_hex(8)}"
    try:
        try:
            os.rename(written, own, dst_dir_fd=folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            file = os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, modes.asked().file, dir_fd=folder)
            with os.fdopen(file, "wb") as copy, written.open("rb") as stream:
                shutil.copyfileobj(stream, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
            written.unlink()
        yield own
    finally:
        with suppress(OSError):  # it has its real name by now, or none
            os.unlink(own, dir_fd=folder)


def _must_be_free(folder: int, name: str, whole: str) -> None:
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        raise NotBeneath(whole) from None
    if not stat.S_ISREG(there.st_mode):
        raise InTheWay(whole)


@contextmanager
def _there(root: Path, steps: tuple[str, ...], name: str) -> Iterator[int]:
    """The folder at these steps, none of them made. Raises `NotBeneath`."""
    try:
        with _made(root, steps, name, make=False) as folder:
            yield folder
    except InTheWay:
        raise NotBeneath(name) from None


@contextmanager
def _made(root: Path, steps: tuple[str, ...], name: str, *, make: bool = True) -> Iterator[int]:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # the root itself may be a link
    try:
        for step in steps:
            below = _step(folder, step, name, make=make)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _step(folder: int, step: str, name: str, *, make: bool) -> int:
    try:
        if make:
            with suppress(FileExistsError):
                os.mkdir(step, modes.asked().folder, dir_fd=folder)
                os.fsync(folder)
        return os.open(step, _FOLDER, dir_fd=folder)
    except (NotADirectoryError, FileExistsError):
        raise InTheWay(name) from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise InTheWay(name) from None
        if error.errno in (errno.ENAMETOOLONG, errno.ENOENT, errno.EINVAL):
            raise NotBeneath(name) from None
        raise
    except ValueError:
        raise NotBeneath(name) from None
