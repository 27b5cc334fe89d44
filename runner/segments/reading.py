"""Reads a segment that lies on this machine: whole as its footer says, or refused in words. Never holds its rows."""

import hashlib
import os
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import SegmentDamaged
from bep.runner.folder.journal import Failure, parsed
from bep.runner.folder.parts import Scored
from bep.runner.segments.format import BEGINNING, FOOTER, Footer, Head, Lengths, footer_of, head_of, header_length
from bep.runner.segments.names import SegmentName
from bep.runner.worker import wire

_BLOCK: Final = 1 << 20
_RECORDS: Final = 8192  # read at once
_LONGEST_HEADER: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Segment:
    """A file whose every byte was compared with its footer. `failed` items of it have no result."""

    path: Path
    head: Head
    lengths: Lengths

    @property
    def rows_at(self) -> int:
        """Where in the file the rows begin."""
        return self.lengths.header

    def records(self, first: int = 0, end: int | None = None) -> Iterator[Scored]:
        """The records of the calls whose first item is in a range, in order. Their offsets are those of the rows.

        They are read block by block; `part` is 0.
        """
        last = self.head.end if end is None else end
        with self.path.open("rb") as file:
            for record in _records(file, self.lengths):
                if record.first >= last:
                    return
                if record.first >= first:
                    yield record

    def headers(self) -> list[tuple[int, bytes]]:
        """From which byte of the rows on which header of a csv file fits."""
        with self.path.open("rb") as file:
            file.seek(self.lengths.header + self.lengths.rows + self.lengths.records)
            return wire.headers(file.read(self.lengths.columns))

    def failures(self, first: int = 0, end: int | None = None) -> Iterator[Failure]:
        """The failed attempts of calls whose first item is in a range, as they were told, line by line."""
        last = self.head.end if end is None else end
        with self.path.open("rb") as file:
            for failure in _failures(file, self.lengths):
                if failure is not None and first <= failure.first < last:
                    yield failure


def verified(path: Path, name: SegmentName, manifest: str) -> Segment:
    """The segment in a file that has this name in a share, every byte of it read and compared.

    Raises `SegmentDamaged` for one that is torn, was changed, is of another job (`manifest` is the digest of the job's)
    or was written by a later bep; `OSError` where this machine cannot read the file.
    """
    try:
        with path.open("rb") as file:
            if (size := os.fstat(file.fileno()).st_size) != name.size:
                raise ValueError(f"it has {size} bytes instead of {name.size}")
            head, footer = _ends(file, size)
            _compare(head, name, manifest)
            if _digest(file, size - FOOTER.size) != footer.sha256:
                raise ValueError("its bytes have another sha256 than they were written with")
            _check_inside(file, head, footer.lengths, name)
    except ValueError as error:
        raise SegmentDamaged(name.text, error) from None
    return Segment(path, head, footer.lengths)


def _ends(file: BinaryIO, size: int) -> tuple[Head, Footer]:
    file.seek(0)
    beginning = file.read(BEGINNING.size)
    length = header_length(beginning)
    if length > min(size, _LONGEST_HEADER):
        raise ValueError("it says that its header is longer than one can be")
    head = head_of(beginning, file.read(length))
    file.seek(max(0, size - FOOTER.size))
    footer = footer_of(file.read())
    if sum(footer.lengths) + FOOTER.size != size or footer.lengths.header != BEGINNING.size + length:
        raise ValueError("its footer says of other sections than it has")
    return head, footer


def _compare(head: Head, name: SegmentName, manifest: str) -> None:
    if head.manifest != manifest:
        raise ValueError("it is of another job, or of other items of it")
    if (head.first, head.end, head.session, head.attempt) != (name.first, name.end, name.session, name.attempt):
        raise ValueError("its header says something else than its name")


def _digest(file: BinaryIO, length: int) -> bytes:
    file.seek(0)
    found = hashlib.sha256()
    while length and (block := file.read(min(length, _BLOCK))):
        found.update(block)
        length -= len(block)
    return found.digest()


def _check_inside(file: BinaryIO, head: Head, lengths: Lengths, name: SegmentName) -> None:
    """What one who only changed bytes could not make fit, and a writer with an error could."""
    reached, offset, good = head.first, 0, 0
    for record in _records(file, lengths):
        if record.first < reached or not record.items or record.first + record.items > head.end:
            raise ValueError("its records are not those of its items, in their order")
        if record.offset != offset:
            raise ValueError("its records do not say where its rows are")
        reached, offset, good = record.first + record.items, offset + record.length, good + record.good
    if offset != lengths.rows:
        raise ValueError("its records do not say where its rows are")
    if head.end - head.first - good != name.failed:
        raise ValueError("its records say of other failed items than its name")
    if any(failure is None for failure in _failures(file, lengths)):
        raise ValueError("it has a line of failures that is none")


def _records(file: BinaryIO, lengths: Lengths) -> Iterator[Scored]:
    """Raises `ValueError` where there are none."""
    if lengths.records % wire.RECORD:
        raise ValueError("it has a part of a record")
    start = lengths.header + lengths.rows
    end = start + lengths.records
    while start < end:
        file.seek(start)
        block = file.read(min(_RECORDS * wire.RECORD, end - start))
        if not block or len(block) % wire.RECORD:
            raise ValueError("it ends before its records do")
        for position in range(0, len(block), wire.RECORD):
            *fields, checksum = wire.CHECKED.unpack_from(block, position)
            if crc32(block[position : position + wire.BODY.size]) != checksum:
                raise ValueError("a record has another checksum than it was written with")
            yield Scored._make((*fields, 0))
        start += len(block)


def _failures(file: BinaryIO, lengths: Lengths) -> Iterator[Failure | None]:
    """None where a line is none of a journal's."""
    file.seek(sum(lengths[:-1]))
    left = lengths.failures
    while left > 0:
        line = file.readline(left)
        left -= len(line)
        yield parsed(line)
        if not line:
            return
