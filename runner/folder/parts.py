"""What workers have left behind: part files and their journals, read in input order. Never holds a row."""

import heapq
import mmap
import os
import sys
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.runner.worker import wire

_BLOCK = 16384  # records read at once
_FEWEST = 64  # records read at once when there are so many journals that blocks would fill the memory

Headers = tuple[list[int], list[bytes]]
"""Offsets in a part, ascending, and the header that rows have from each on."""


class Scored(NamedTuple):
    """One mini-batch, or part of one, with its rows in a part file. Times are seconds, `started` on the wall clock."""

    first: int
    items: int
    results: int
    breaks: int
    offset: int
    length: int
    started: float
    seconds: float
    rows: int
    checksum: int
    part: int

    @property
    def good(self) -> int:
        """Items that have a result; which of them have none cannot be told."""
        return min(self.items, self.results)


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one journal, from one byte to another, whose items ascend."""

    part: int
    journal: Path
    start: int
    end: int


def read(journal: Path, part: int, start: int = 0) -> Iterator[Scored]:
    """The whole records of a journal, from a byte on, up to the first that is torn. One that is not there has none."""
    for block in _blocks(journal, start, sys.maxsize, _BLOCK):
        for position in range(0, len(block), wire.RECORD):
            body = block[position : position + wire.BODY.size]
            if wire.CHECK.unpack_from(block, position + wire.BODY.size)[0] != crc32(body):
                return
            yield Scored._make((*wire.BODY.unpack(body), part))


def _again(run: Run, records: int) -> Iterator[Scored]:
    """Records that have been found whole before, so many read at once."""
    for block in _blocks(run.journal, run.start, run.end, records):
        for fields in wire.CHECKED.iter_unpack(block):
            yield Scored._make((*fields[:-1], run.part))


def _blocks(journal: Path, start: int, end: int, records: int) -> Iterator[bytes]:
    """Whole records, many at a time; what follows the last whole one is left out.

    The file is open only while it is read: a job whose every other item ends its worker has thousands of journals.
    """
    while start < end:
        try:
            file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            block = os.pread(file, min(records * wire.RECORD, end - start), start)
        finally:
            os.close(file)
        block = block[: len(block) // wire.RECORD * wire.RECORD]
        if not block:
            return
        start += len(block)
        yield block


def numbers(parts: Path) -> list[int]:
    """The part numbers that exist, ascending."""
    return sorted(int(path.stem) for path in parts.glob("*.journal") if path.stem.isdecimal())


def next_number(parts: Path) -> int:
    """A number that no worker has ever had: one that was killed at once may have left rows and no journal."""
    return max((worker_of(int(file.stem)) for file in parts.iterdir() if file.stem.isdecimal()), default=-1) + 1


def worker_of(number: int) -> int:
    """The number of the worker that wrote a part, which is that of its first part."""
    return number % wire.NEXT_PART


def remove(parts: Path, number: int) -> None:
    """Remove a part's files, those that are there. The journal first: what it does not name is not there."""
    for ending in (".journal", ".rows", ".columns"):
        path(parts, number).with_suffix(ending).unlink(missing_ok=True)


def path(parts: Path, number: int) -> Path:
    """A part's files without their endings: `.rows`, `.journal`, `.header`."""
    return parts / f"{number:06d}"


def headers_of(parts: Path, number: int) -> Headers | None:
    """Where rows of which header of a csv file begin in a part; None where nothing is said of them.

    Commit 2e74deb wrote one header a part, in a file of its own.
    """
    files = path(parts, number)
    found: list[tuple[int, bytes]] = []
    if (kept := files.with_suffix(".columns")).exists():
        found = wire.headers(kept.read_bytes())
    elif (kept := files.with_suffix(".header")).exists() and files.with_suffix(".journal").stat().st_size:
        found = [(0, kept.read_bytes())]
    return ([offset for offset, _ in found], [header for _, header in found]) if found else None


def runs(parts: Path) -> list[Run]:
    """Every journal cut where its items stop ascending: retries and work taken over make few of them."""
    found = []
    for number in numbers(parts):
        journal = path(parts, number).with_suffix(".journal")
        start = position = 0
        last = -1
        for scored in read(journal, number):
            if scored.first <= last:
                found.append(Run(number, journal, start, position))
                start = position
            last = scored.first
            position += wire.RECORD
        if position > start:
            found.append(Run(number, journal, start, position))
    return found


def in_order(parts: Path) -> Iterator[Scored]:
    """Every scored mini-batch once, by first item. Of two that have an item in common the earlier part's stands."""
    there = runs(parts)
    streams = [_again(run, max(_FEWEST, _BLOCK // (len(there) or 1))) for run in there]
    reached = 0
    for scored in heapq.merge(*streams, key=lambda scored: (scored.first, scored.part)):
        if scored.first >= reached:
            reached = scored.first + scored.items
            yield scored


def verify(parts: Path) -> list[int]:
    """Cut from the journals what the disk did not get before the power went; the parts that this shortened."""
    shortened = []
    for number in numbers(parts):
        files = path(parts, number)
        journal = files.with_suffix(".journal")
        whole = _whole_records(journal, files.with_suffix(".rows"), number) * wire.RECORD
        if whole < journal.stat().st_size:
            os.truncate(journal, whole)
            shortened.append(number)
    return shortened


def _whole_records(journal: Path, rows: Path, number: int) -> int:
    count = 0
    if not rows.exists():
        return 0
    with rows.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        with memoryview(content) as view:
            for scored in read(journal, number):
                if crc32(view[scored.offset : scored.offset + scored.length]) != scored.checksum:
                    break
                count += 1
    return count
