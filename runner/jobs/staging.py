"""What a job is given of stored bytes: copies of its own, hashed while they are made, gone when it is over.

Whatever a script writes there reaches no other job and not the store. What was given is in `assets.json`, so that a
job which goes on gets the same bytes again or none. Knows no store: only files, and the digests they must have.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bep.disk.copying import Original, copy_hashed, link
from bep.disk.durable import write_durably
from bep.runner.errors import Cancelled, StoredBytesDamaged
from bep.runner.folder.folder import JobFolder
from bep.runner.transfer.transfers import Board, Transfer

COPY, LINK = "copy", "link"
"""How files are given: as copies, or under another name of the stored bytes, which a script can then write into."""

STORED_AT: Final = 946_782_245
"""Modification time (2000-01-02) of every copy: stored files have it, too, and no copy looks newer than another."""

_INLINE: Final = 16 << 20  # bytes up to which it takes longer to start threads than to copy
_FORMAT: Final = 1
_GOING: Final = ".going-"

Stored = Mapping[str, Mapping[str, Original]]
"""By the folder that it is for ("model", "code", "input-0"), the files that go there by their relative names."""


def keep(folder: JobFolder, stored: Stored, share: str) -> None:
    """Note what a job is given, durably, before its first run gets it."""
    files = {name: {at: [str(one.path), one.sha256] for at, one in of.items()} for name, of in stored.items()}
    text = json.dumps({"format_version": _FORMAT, "share": share, "stored": files}, sort_keys=True)
    write_durably(folder.assets_list, text.encode())


def kept(folder: JobFolder) -> tuple[Stored, str]:
    """What a job is given, as it was noted; nothing for one that was begun before bep made copies.

    Raises `StoredBytesDamaged` for a list that cannot be read.
    """
    try:
        told: dict[str, Any] = json.loads(folder.assets_list.read_bytes())
        stored = {
            name: {at: Original(Path(path), sha256) for at, (path, sha256) in of.items()}
            for name, of in told["stored"].items()
        }
        return stored, str(told["share"])
    except FileNotFoundError:
        return {}, COPY
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoredBytesDamaged(f"{folder.assets_list} is damaged: {error}; run the job anew") from None


def give(folder: JobFolder, board: Board) -> None:
    """Lay out what the job is given in `folder.assets`, in place of what an earlier run has left there.

    Raises `StoredBytesDamaged` with every file whose bytes are not the ones that were registered, and `Cancelled`.
    """
    stored, share = kept(folder)
    take_back(folder)
    if not stored:
        return
    files = {f"{name}/{at}": one for name, of in stored.items() for at, one in of.items()}
    for parent in sorted({(folder.assets / name).parent for name in files}):
        parent.mkdir(parents=True, exist_ok=True)
    sizes = {name: _size(one.path) for name, one in files.items()}
    if share == LINK:
        _all_at_once(folder, files, board, linked=True)
    elif sum(sizes.values()) <= _INLINE:
        _all_at_once(folder, files, board, linked=False)
    else:
        transfers = [_transfer(folder.assets / name, name, one, sizes[name]) for name, one in files.items()]
        board.carry_out(transfers)


def take_back(folder: JobFolder) -> None:
    """Remove a job's copies. They lose their name first, so that nobody finds half of them."""
    for left in folder.path.glob(f"{_GOING}*"):
        shutil.rmtree(left, ignore_errors=True)
    going = folder.path / f"{_GOING}{secrets.token_hex(6)}"
    with suppress(OSError):
        folder.assets.rename(going)
        shutil.rmtree(going, ignore_errors=True)


def take_back_of_dead(jobs: Path) -> None:
    """Remove the copies of jobs whose runner was killed. Whoever goes on with one gets new ones."""
    for path, _ in left_behind(jobs):
        folder = JobFolder(path)
        with folder.unheld() as is_free:
            if is_free:
                take_back(folder)


def left_behind(jobs: Path) -> Iterator[tuple[Path, Path]]:
    """The folders of jobs that nobody runs and that still have copies, each with one folder of those."""
    with suppress(FileNotFoundError), os.scandir(jobs) as entries:
        for entry in entries:
            folder = JobFolder(Path(entry.path))
            there = [*([folder.assets] if folder.assets.is_dir() else ()), *folder.path.glob(f"{_GOING}*")]
            if there and not folder.is_held():
                yield from ((folder.path, one) for one in there)


def _all_at_once(folder: JobFolder, files: Mapping[str, Original], board: Board, *, linked: bool) -> None:
    wrong = []
    for name, one in files.items():
        if board.cancel.is_set():
            raise Cancelled
        try:
            link(one.path, folder.assets / name) if linked else _copy(folder.assets / name, name, one, Transfer(_done))
        except FileNotFoundError:
            wrong.append(_said(name, one, "are gone"))
        except StoredBytesDamaged as damaged:
            wrong.append(str(damaged))
    if wrong:
        raise StoredBytesDamaged("\n".join(wrong))


def _done(_: Transfer) -> None:
    """The work of a transfer that only answers whether to go on."""


def _transfer(target: Path, name: str, one: Original, size: int) -> Transfer:
    def work(transfer: Transfer) -> None:
        try:
            _copy(target, name, one, transfer)
        except FileNotFoundError:
            raise StoredBytesDamaged(_said(name, one, "are gone")) from None

    return Transfer(work, temporary=target, size=size)


def _copy(target: Path, name: str, one: Original, transfer: Transfer) -> None:
    if copy_hashed(one.path, target, transfer.check) != one.sha256:
        raise StoredBytesDamaged(_said(name, one, "were changed"))
    os.utime(target, (STORED_AT, STORED_AT))
    target.chmod(0o400)


def _said(name: str, one: Original, what: str) -> str:
    return (
        f"the stored bytes of {name} {what} ({one.path}); nothing was scored with them. Put a file"
        f" with sha256 {one.sha256} in that place"
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
