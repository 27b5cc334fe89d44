"""Files on their way into a prepared job's share, by the digest of their bytes: what is there stays, what is new goes.

A share has content under its digest alone, so a file that two jobs' items name, or that a killed run has put there, is
put once. Knows names and bytes; knows no record.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import InputsInvalid
from bep.runner.events import Event, Transferring
from bep.runner.shards.digests import Digests
from bep.runner.shards.prepared import CONTENT, Content, content_name
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import AT_ONCE, Board, Transfer

_WHOLE = 4 << 20  # bytes up to which a file is read once, and what was read is what goes
_DIGEST = lazy_pattern(r"[0-9a-f]{64}")


class Contents:
    """What the share of a job has by digest. `files` and `bytes` are of what is new or was looked at here."""

    def __init__(self, share: Share, job: str) -> None:
        """Asks the share what is there. Raises `ShareRefused`."""
        self._share = share
        self._job = job
        self._lock = threading.Lock()
        self._there = Digests()
        for folder in share.folders(f"{job}/{CONTENT}"):
            for name, size in share.listed(f"{job}/{CONTENT}/{folder}").items():
                if _DIGEST.fullmatch(name):
                    self._there.add(bytes.fromhex(name), size)
        self.files = 0
        self.bytes = 0

    def put(self, file: bytes, known: str | None, transfer: Transfer) -> Content:
        """Let a file be in the share. `known` is the digest that it must have, where one is known.

        Raises `InputsInvalid` for one that cannot be read, has other bytes or changes meanwhile, `ShareRefused`.
        """
        shown = os.fsdecode(file)
        try:
            before = os.stat(file)  # noqa: PTH116 - bytes: a name need not be text
            data = _read(file) if before.st_size <= _WHOLE else None
            found = hashlib.sha256(data).hexdigest() if data is not None else _digest(file, transfer)
            if known is not None and found != known:
                raise InputsInvalid(f"{shown}: its bytes are not those that were registered (sha256 {known})")
            content = Content(sha256=found, size=before.st_size if data is None else len(data))
            self._bring(content, Path(shown) if data is None else data)
            if data is None and _is_other(before, os.stat(file)):  # noqa: PTH116
                self._share.remove(f"{self._job}/{content.name}")
                raise InputsInvalid(f"{shown}: it changed while it was uploaded; prepare the job once more")
        except OSError as error:
            raise InputsInvalid(f"{shown}: it cannot be read: {error.strerror or error}") from None
        transfer.rising += content.size
        return content

    def _bring(self, content: Content, what: bytes | Path) -> None:
        digest = bytes.fromhex(content.sha256)
        with self._lock:
            is_there = self._there.size(digest) == content.size
        if not is_there:
            self._share.put(f"{self._job}/{content_name(content.sha256)}", what)
        with self._lock:
            self._there.add(digest, content.size)
            if self._there.mark(digest):
                self.files += 1
                self.bytes += content.size


def carried(
    files: Iterator[tuple[int, bytes, str | None]],
    count: int,
    board: Board,
    contents: Contents,
    noted: Callable[[int, Content], None],
) -> None:
    """Put files into the share, several at a time: each with its number, its name and the digest that it must have.

    `count` is how many numbers there are; `noted` hears, in any thread, what each file is. Raises as `Contents.put`.
    """
    lock = threading.Lock()
    reached = 0

    def next_one() -> tuple[int, bytes, str | None] | None:
        nonlocal reached
        with lock:
            found = next(files, None)
            reached = count if found is None else found[0]
            return found

    def lane(transfer: Transfer) -> None:
        while (one := next_one()) is not None:
            transfer.check()
            number, file, known = one
            noted(number, contents.put(file, known, transfer))

    def tell(event: Event) -> None:
        if isinstance(event, Transferring):
            event = replace(event, files=reached, of_files=count, of_bytes=None)
        board.tell(event)

    # A store's client has limits of its own for what hangs, and a big file is one step in which nothing is counted.
    lanes = [Transfer(lane) for _ in range(min(AT_ONCE, count))]
    replace(board, tell=tell, stall=inf).carry_out(lanes)


def _read(file: bytes) -> bytes:
    with open(file, "rb") as opened:  # noqa: PTH123 - bytes: a name need not be text
        return opened.read()


def _digest(file: bytes, transfer: Transfer) -> str:
    found = hashlib.sha256()
    with open(file, "rb") as opened:  # noqa: PTH123
        while block := opened.read(1 << 20):
            found.update(block)
            transfer.check()
    return found.hexdigest()


def _is_other(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (
        *(after.st_ino, after.st_size),
        *(after.st_mtime_ns, after.st_ctime_ns),
    )
