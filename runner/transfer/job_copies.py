"""Gives a job copies of its own of what was fetched for it, each compared while it is made. Fetches nothing.

A script may write to what it is given: neither the cache nor another job ever sees that.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bep.disk.copying import copy_hashed, digest
from bep.disk.durable import sync_folder
from bep.lazy_dataclasses import replace
from bep.runner.errors import InputsInvalid
from bep.runner.transfer.copies import Fetched, sha256_of
from bep.runner.transfer.transfers import Board, Transfer


def verified(fetched: Fetched, board: Board) -> bool:
    """Whether every file in the cache has the bytes that were fetched; those that have others are dropped from it."""
    board = replace(board, doing="comparing what was fetched")
    return _carried_out(fetched, board, {name: _checking(file) for name, file in fetched.files.items()})


def copied(fetched: Fetched, place: Path, board: Board) -> bool:
    """Make copies below `place`, durable, nothing else there; False as `verified`. Raises `InputsInvalid`."""
    board = replace(board, doing="copying inputs")
    shutil.rmtree(place, ignore_errors=True)
    folders = sorted({(place / name).parent for name in fetched.files})
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        transfers = {name: _copying(file, place / name) for name, file in fetched.files.items()}
        is_whole = _carried_out(fetched, board, transfers)
        for folder in folders:
            sync_folder(folder)
        return is_whole
    except OSError as error:
        raise InputsInvalid(f"{place}: inputs cannot be copied there: {error}") from error


def _carried_out(fetched: Fetched, board: Board, transfers: Mapping[str, Transfer]) -> bool:
    board.carry_out(list(transfers.values()))
    forged = [name for name, transfer in transfers.items() if not transfer.result]
    for name in forged:
        fetched.forget(name)
    return not forged


def _checking(file: Path) -> Transfer:
    def work(transfer: Transfer) -> bool:
        try:
            found = digest(file)
            transfer.rising += file.stat().st_size
        except FileNotFoundError:
            return False
        return found == sha256_of(file)

    return Transfer(work)


def _copying(file: Path, target: Path) -> Transfer:
    def work(transfer: Transfer) -> bool:
        try:
            found = copy_hashed(file, target, transfer.check)
        except FileNotFoundError:
            return False
        with target.open("rb") as copy:
            os.fsync(copy.fileno())
        target.chmod(0o400)
        return found == sha256_of(file)

    return Transfer(work, temporary=target)
