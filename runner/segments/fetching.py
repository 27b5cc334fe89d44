"""Puts segments into a job's own folder, as the parts that a worker there would have written. Knows no share.

A part is there when its journal is, which gets its name last: a kill leaves the part whole, or none of it that counts.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bep.disk import modes
from bep.disk.copying import copy_range
from bep.disk.durable import replacing, sync_folder
from bep.disk.refusal import naming
from bep.runner.errors import SegmentDamaged
from bep.runner.folder import parts
from bep.runner.folder.journal import Failure
from bep.runner.segments.format import packed_record
from bep.runner.segments.reading import Segment
from bep.runner.worker import wire


class Taken(NamedTuple):
    """The items `first` to `end` (exclusive) of a segment."""

    segment: Segment
    first: int
    end: int


def as_part(segment: Segment, first: int, end: int, folder: Path, number: int) -> Iterator[Failure]:
    """Write a range of one segment as the part `number`, durable, and tell the failed attempts in it as they are read.

    Raises `SegmentDamaged` where a call crosses an end of the range, `OSError`.
    """
    joined([Taken(segment, first, end)], folder, number)
    return segment.failures(first, end)


def joined(ranges: Iterable[Taken], folder: Path, number: int) -> None:
    """Write ranges of many segments as one part, durable when it returns. Raises as `as_part` does.

    Each is asked for when the one before is copied, so whoever gives them may fetch and remove one after the other.
    """
    files = parts.path(folder, number)
    columns = files.with_suffix(".columns")
    columns.unlink(missing_ok=True)
    rows = os.open(files.with_suffix(".rows"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, modes.asked().file)
    entries: list[tuple[int, bytes]] = []
    try:
        with replacing(files.with_suffix(".journal")) as journal:
            offset = 0
            for taken in ranges:
                offset = _append(taken, rows, offset, journal, entries)
            if entries:
                with replacing(columns) as file:
                    file.writelines(wire.columns(*entry) for entry in entries)
            with naming(files.with_suffix(".rows")):
                os.fsync(rows)
            sync_folder(folder)
    finally:
        os.close(rows)


def _append(taken: Taken, rows: int, offset: int, journal: BinaryIO, entries: list[tuple[int, bytes]]) -> int:
    """Add a range to what is in the part so far, `offset` bytes; how many they are then."""
    start = stop = -1
    for record in taken.segment.records(taken.first, taken.end):
        if record.first + record.items > taken.end:
            raise SegmentDamaged(taken.segment.path.name, f"it has a call that goes on beyond item {taken.end}")
        if start < 0:
            start = stop = record.offset
        journal.write(packed_record(record, record.first, record.offset - start + offset))
        stop = record.offset + record.length
    if stop > start:
        for at, header in _headers(taken.segment, start, stop):
            if not entries or entries[-1][1] != header:
                entries.append((at - start + offset, header))
        with taken.segment.path.open("rb") as source:
            copy_range(source.fileno(), taken.segment.rows_at + start, stop - start, rows)
    return offset + max(0, stop - start)


def _headers(segment: Segment, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Where rows of which header begin from `start` to `stop`: the first of them at `start`."""
    there = segment.headers()
    before = [header for at, header in there if at <= start]
    if before:
        yield start, before[-1]
    for at, header in there:
        if start < at < stop:
            yield at, header
