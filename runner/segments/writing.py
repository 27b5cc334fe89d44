"""Writes a segment: what is settled of a grant, from the parts that workers wrote, into one file of this machine.

The kernel copies the rows; memory does not grow with them. Knows no share: whoever has the file publishes it.
"""

import hashlib
import itertools
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bep.disk.copying import copy_range
from bep.disk.refusal import naming
from bep.lazy_dataclasses import replace
from bep.runner.folder import parts
from bep.runner.folder.journal import TRACEBACKS, Failure, line_of
from bep.runner.folder.parts import Headers, Scored, headers_of
from bep.runner.segments.format import Footer, Head, Lengths, packed_footer, packed_head, packed_record
from bep.runner.segments.names import SegmentName
from bep.runner.worker import wire


def write(
    target: Path, head: Head, pieces: Sequence[Scored], failures: Sequence[Failure], folder: Path, offset: int = 0
) -> SegmentName:
    """Write the segment of the items that `head` names, and tell its name: it is known when the file is whole.

    `pieces`, in the order of their first items, and `failures` are an engine's, from the parts in `folder`: what lies
    outside of the range is left out, and its items become those of the job by adding `offset`. Nothing that is given
    is held twice. Raises `OSError`; nothing is left then.
    """
    inside = [piece for piece in pieces if head.first <= piece.first + offset < head.end]
    try:
        with naming(target), target.open("wb+") as file:
            lengths = _sections(file, head, inside, failures, folder, offset)
            file.flush()
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").digest()
            file.seek(0, os.SEEK_END)
            file.write(packed_footer(Footer(lengths, digest)))
            size = file.tell()
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    failed = head.end - head.first - sum(piece.good for piece in inside)
    return SegmentName(head.first, head.end, failed, size, head.session, head.attempt)


def _sections(
    file: BinaryIO, head: Head, pieces: Sequence[Scored], failures: Sequence[Failure], folder: Path, offset: int
) -> Lengths:
    ends = [file.write(packed_head(head))]
    file.flush()
    for run in _together(pieces):
        _copy(folder, run, file.fileno())
    file.seek(0, os.SEEK_END)
    ends.append(file.tell())
    _write_records(file, pieces, offset)
    ends.append(file.tell())
    for entry in _columns(pieces, folder):
        file.write(entry)
    ends.append(file.tell())
    _write_failures(file, head, failures, offset)
    ends.append(file.tell())
    return Lengths(ends[0], *(end - before for before, end in itertools.pairwise(ends)))


def _together(pieces: Sequence[Scored]) -> Iterator[tuple[int, int, int]]:
    """Part, offset and length of what stands together there and in the segment."""
    part = offset = length = 0
    for piece in pieces:
        if length and (part, offset + length) == (piece.part, piece.offset):
            length += piece.length
            continue
        if length:
            yield part, offset, length
        part, offset, length = piece.part, piece.offset, piece.length
    if length:
        yield part, offset, length


def _copy(folder: Path, run: tuple[int, int, int], target: int) -> None:
    number, offset, length = run
    rows = parts.path(folder, number).with_suffix(".rows")
    source = os.open(rows, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with naming(rows):
            copy_range(source, offset, length, target)
    finally:
        os.close(source)


def _write_records(file: BinaryIO, pieces: Sequence[Scored], offset: int) -> None:
    position = 0
    for piece in pieces:
        file.write(packed_record(piece, piece.first + offset, position))
        position += piece.length


def _columns(pieces: Sequence[Scored], folder: Path) -> Iterator[bytes]:
    """An entry wherever rows have another header than those before."""
    known: dict[int, Headers | None] = {}
    position, last = 0, b""
    for piece in pieces:
        if piece.part not in known:
            known[piece.part] = headers_of(folder, piece.part)
        found = known[piece.part]
        if found and piece.length:
            header = found[1][max(0, bisect_right(found[0], piece.offset) - 1)]
            if header != last:
                yield wire.columns(position, header)
                last = header
        position += piece.length


def _write_failures(file: BinaryIO, head: Head, failures: Sequence[Failure], offset: int) -> None:
    """As a job's journal has them: a script that fails for every item does not fill the share."""
    kept = 0
    for failure in failures:
        if head.first <= failure.first + offset < head.end:
            kept += 1
            moved = _moved(failure, offset)
            file.write(line_of(moved if kept <= TRACEBACKS else replace(moved, traceback="")))


def _moved(failure: Failure, offset: int) -> Failure:
    unresolved = tuple(replace(rest, first=rest.first + offset) for rest in failure.unresolved)
    return replace(failure, first=failure.first + offset, unresolved=unresolved)
