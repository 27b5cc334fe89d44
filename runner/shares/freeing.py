"""Removes all that a share has below a folder. Knows no job."""

import shutil
from collections.abc import Sequence
from typing import Final

from bep.disk.refusal import explained
from bep.runner.errors import ShareRefused
from bep.runner.shares.names import checked
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board, Transfer

_AT_A_TIME: Final = 1000  # names


def free(share: Share, folder: str, first: Sequence[str], board: Board) -> None:
    """Remove what is below a folder, what is below those named `first` before the rest. Raises `ShareRefused`.

    A kill leaves some of it, and the same once more removes that.
    """
    checked(folder)
    for one in (*(f"{folder}/{name}" for name in first), folder):
        names = sorted(share.listed(one))
        for begin in range(0, len(names), _AT_A_TIME):
            board.carry_out([_removal(share, f"{one}/{name}") for name in names[begin : begin + _AT_A_TIME]])
    if share.root is not None and (share.root / folder).is_dir():
        try:
            shutil.rmtree(share.root / folder)  # empty folders, and what writers that were killed have left
        except OSError as error:
            raise ShareRefused(f"{share.root / folder} cannot be removed: {explained(error)}") from None


def _removal(share: Share, name: str) -> Transfer:
    def work(_: Transfer) -> None:
        share.remove(name)

    return Transfer(work)
