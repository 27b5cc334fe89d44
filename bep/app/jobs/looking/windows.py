"""A few lines of a file of any size, from one byte to another: on, back, at the end, found. Knows no format but lines.

A file is read in blocks and never whole. Where a line is longer than may be shown it is cut, and what was left out is
read over; where one has no end for so long that nobody would wait, it ends there.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

from bep.lazy_dataclasses import dataclass

BLOCK: Final = 1 << 16
SEARCHED: Final = 1 << 20
"""Bytes that are searched at once."""
LONGEST: Final = 1 << 14
"""Bytes of one line that are kept."""
MOST_READ: Final = 64 << 20
"""Bytes that one look reads before it says where to go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. `start` is where it begins in the file; `is_cut`: there is more of it."""

    start: int
    text: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a file of `size` bytes, from `start` up to `end`; the next window begins at `end`."""

    lines: tuple[Line, ...]
    start: int
    end: int
    size: int

    @property
    def is_first(self) -> bool:
        """Whether it begins the file."""
        return self.start == 0

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after it."""
        return self.end >= self.size


@dataclass(frozen=True, slots=True)
class Found:
    """Lines that have what was looked for. `end` is how far was read; None: to the end of the file."""

    lines: tuple[Line, ...]
    end: int | None


def size_of(stream: BinaryIO) -> int:
    """How many bytes there are by now."""
    return os.fstat(stream.fileno()).st_size


def window(
    stream: BinaryIO,
    start: int,
    lines: int,
    *,
    quoted: bool = False,
    longest: int = LONGEST,
    until: int | None = None,
) -> Window:
    """So many lines from the byte `start` on, which begins one, and none from `until` on. `quoted`: a line's end
    between quotation marks belongs to the line, as in a csv file."""
    size = size_of(stream) if until is None else min(until, size_of(stream))
    start = min(max(start, 0), size)
    found = []
    end = start
    for line, after in _lines(stream, start, size, quoted, longest):
        found.append(line)
        end = after
        if len(found) == lines:
            break
    return Window(tuple(found), start, end, size)


def before(stream: BinaryIO, end: int, lines: int, *, quoted: bool = False) -> int:
    """Where the window of so many lines begins that ends at `end`, which begins a line or ends the file.

    In a csv file a line's end is outside of quotation marks where an even number of them stand between it and another
    that is.
    """
    marks, seen = 0, 0
    position = end
    while position > 0:
        begin = max(0, position - BLOCK)
        block = os.pread(stream.fileno(), position - begin, begin)
        until = len(block)
        while until:
            place = block.rfind(b"\n", 0, until)
            marks += block.count(b'"', place + 1, until)
            if place < 0:
                break
            until = place
            if begin + place + 1 < end and not (quoted and marks % 2):
                seen += 1
                if seen == lines:
                    return begin + place + 1
        position = begin
        if end - position >= MOST_READ:
            return position
    return 0


def last(stream: BinaryIO, lines: int) -> Window:
    """The last lines; the file may go on meanwhile."""
    return window(stream, before(stream, size_of(stream), lines), lines)


def found_in(stream: BinaryIO, wanted: bytes, start: int, most: int, *, most_read: int | None = None) -> Found:
    """Lines from `start` on, which begins one, that have `wanted`, in any case of the letters a to z. It is looked for
    in many lines at once: those that do not have it cost next to nothing."""
    size, folded = size_of(stream), wanted.lower()
    until = min(size, start + (MOST_READ if most_read is None else most_read))
    found: list[Line] = []
    position = start
    while position < until and folded:
        lines = _whole_lines(stream, position, max(2 * len(folded), min(SEARCHED, until - position)))
        for line in _matching(lines, folded, position):
            found.append(line)
            if len(found) == most:
                end = line.start + _length(lines, line.start - position)
                return Found(tuple(found), end if end < size else None)
        if not lines.endswith(b"\n") and position + len(lines) < size:
            position += len(lines) - len(folded) + 1  # in the middle of a line, and perhaps of what is looked for
        else:
            position += len(lines)
    return Found(tuple(found), position if position < size else None)


def _whole_lines(stream: BinaryIO, position: int, most: int) -> bytes:
    """Some lines of so many bytes at most, the last one whole unless it is longer than that."""
    block = os.pread(stream.fileno(), most, position)
    return block[: block.rfind(b"\n") + 1] or block


def _matching(lines: bytes, folded: bytes, position: int) -> Iterator[Line]:
    lowered, at = lines.lower(), 0
    while (at := lowered.find(folded, at)) >= 0:
        begin = lines.rfind(b"\n", 0, at) + 1
        end = begin + _length(lines, begin)
        yield Line(position + begin, _plain(lines[begin : min(end, begin + LONGEST)]), end - begin > LONGEST)
        at = end


def _length(lines: bytes, begin: int) -> int:
    """Of the line that begins there, with its end."""
    end = lines.find(b"\n", begin)
    return (end + 1 if end >= 0 else len(lines)) - begin


def begins_line(stream: BinaryIO, position: int) -> int:
    """The start of the line that this byte is in, looked for in the block before it; the byte itself where that is one
    endless line."""
    position = min(max(position, 0), size_of(stream))
    begin = max(0, position - BLOCK)
    block = os.pread(stream.fileno(), position - begin, begin)
    if not block or block.endswith(b"\n"):
        return position
    at = block.rfind(b"\n")
    return begin + at + 1 if at >= 0 or begin == 0 else position


def _lines(stream: BinaryIO, start: int, size: int, quoted: bool, longest: int) -> Iterator[tuple[Line, int]]:
    """Each line up to `size` with the byte after it, as far as one look reads. The last may have no end."""
    kept, length, marks, begin = bytearray(), 0, 0, start
    position = start
    while position < min(size, start + MOST_READ):
        block = os.pread(stream.fileno(), min(BLOCK, size - position), position)
        if not block:
            break
        for piece in block.splitlines(keepends=True) if b"\r" not in block else _split(block):
            if len(kept) < longest:
                kept += piece[: longest - len(kept)]
            length += len(piece)
            marks += piece.count(b'"') if quoted else 0
            if piece.endswith(b"\n") and not marks % 2:
                yield Line(begin, _plain(bytes(kept)), length > longest), begin + length
                begin += length
                kept, length, marks = bytearray(), 0, 0
        position += len(block)
    if length:
        yield Line(begin, _plain(bytes(kept)), length > longest), begin + length


def _split(block: bytes) -> list[bytes]:
    """At line feeds alone: a carriage return in the middle is a byte as any other."""
    pieces = block.split(b"\n")
    return [*(piece + b"\n" for piece in pieces[:-1]), *([pieces[-1]] if pieces[-1] else [])]


def _plain(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")
