"""Brings what stands beside the segments of a prepared job to where a run here would have left it: logs of users, and
files that the script has written by itself. Knows no record."""

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Final

from bep.disk.copying import copy_range, digest
from bep.disk.durable import name_if_free
from bep.disk.refusal import naming
from bep.lazy_dataclasses import replace
from bep.runner.errors import NotShared, OutputExists, ShareRefused
from bep.runner.outputs.assembling import partial
from bep.runner.shards.seen import Shared
from bep.runner.transfer.transfers import Board, Transfer

OUTPUT: Final = "output"
"""The folder of a prepared job where scripts of all shards write their own files."""


def bring_logs(shared: Shared, logs: Path, going: Path, board: Board) -> None:
    """Put users' logs into a job's folder of logs; `going` is for files on their way. Raises `ShareRefused`, `OSError`,
    `Cancelled`."""
    found = {name: (place, size) for name, (place, size) in shared.logs().items() if _size(logs / name) != size}

    def arrive(name: str, file: Path) -> None:
        target = logs / name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)

    _bring(shared, found, going, board, arrive)


def bring_own_files(
    shared: Shared,
    output: Path,
    job: str,
    going: Path,
    board: Board,
    is_own: Callable[[str, Path], bool] = lambda _, __: False,
) -> None:
    """Put the script's own files into the output folder of a job. One that is there with the same bytes stays, and one
    with others goes where `is_own` says, by its name and where it is, that an earlier run of the job has put it there.

    Raises `OutputExists` for any other, `ShareRefused`, `OSError`, `Cancelled`.
    """
    folder = shared.place(OUTPUT)
    found = {name: (f"{folder}/{name}", size) for name, size in shared.share.listed(folder).items()}
    for name in found:
        if any(each in ("", ".", "..") for each in name.split("/")):
            raise ShareRefused(f"{folder}/{name!r} cannot be the name of a script's own file")

    def arrive(name: str, file: Path) -> None:
        target = output / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = partial(target, job)
        try:
            _copy(file, temporary)
            if is_own(name, target):
                temporary.replace(target)
            else:
                name_if_free(temporary, target)
        except FileExistsError:
            if not target.is_file() or digest(target) != digest(file):
                raise OutputExists(
                    f"{target} exists already with other bytes and is never overwritten: move it away"
                ) from None
        finally:
            temporary.unlink(missing_ok=True)
            file.unlink(missing_ok=True)

    _bring(shared, found, going, board, arrive)


def _bring(
    shared: Shared, found: Mapping[str, tuple[str, int]], going: Path, board: Board, arrive: Callable[[str, Path], None]
) -> None:
    shutil.rmtree(going, ignore_errors=True)
    going.mkdir(parents=True)

    def bringing(number: int, name: str, place: str, size: int) -> Transfer:
        def work(transfer: Transfer) -> None:
            file = going / str(number)
            try:
                shared.share.get(place, file)
            except NotShared:
                return  # removed meanwhile
            transfer.check()
            arrive(name, file)
            transfer.rising = size

        return Transfer(work, size=size)

    every = [bringing(number, name, *there) for number, (name, there) in enumerate(found.items())]
    replace(board, stall=inf).carry_out(every)


def _copy(source: Path, target: Path) -> None:
    with naming(target), source.open("rb") as of, target.open("wb") as to:
        copy_range(of.fileno(), 0, os.fstat(of.fileno()).st_size, to.fileno())
        os.fsync(to.fileno())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
        return -1
