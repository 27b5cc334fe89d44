"""Uploaded files of a prepared job, brought to this machine: several at a time, each compared with its digest.

Knows no grant, and not what the files are for.
"""

from collections.abc import Mapping
from functools import partial
from math import inf
from pathlib import Path

from bep.disk.copying import digest
from bep.lazy_dataclasses import replace
from bep.runner.shards.prepared import Content, PreparedInvalid, content_name
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board, Transfer


def fetch_all(share: Share, job: str, files: Mapping[str, Content], folder: Path, board: Board) -> Path:
    """The folder, with these files by their relative names: their bytes are those that were uploaded.

    Raises `PreparedInvalid` for others, `ShareRefused`, `NotShared`, `Cancelled` when the board says so, `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def one(name: str, content: Content, transfer: Transfer) -> None:
        transfer.check()
        fetch(share, job, content.sha256, folder / name, name)
        transfer.rising = content.size

    work = [Transfer(partial(one, name, content), size=content.size) for name, content in files.items()]
    replace(board, stall=inf).carry_out(work)  # a store's client has limits of its own for what hangs
    return folder


def fetch(share: Share, job: str, sha256: str, target: Path, shown: str) -> None:
    """Bring one file here, whose name for a person is `shown`. Raises as `fetch_all`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content = f"{job}/{content_name(sha256)}"
    share.get(content, target)
    if digest(target) != sha256:
        target.unlink()
        raise PreparedInvalid(
            f"{content} in {share.address} has not the bytes that were uploaded as {shown}\n"
            "    fix: remove that file, and prepare the job once more under the same name"
        )
