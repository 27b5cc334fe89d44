"""What a segment is, byte by byte. Pure: packs and takes apart, opens nothing.

A beginning (magic, version, length and checksum of the header), the header as JSON, rows in the order of the items,
one record for each call as a part's journal has it, headers of csv files as a part has them, lines of failures as the
job's journal has them, and a footer. Items are those of the job; offsets are those of the rows.
"""

import json
import struct
from binascii import crc32
from typing import Final, NamedTuple

from bep.lazy_patterns import lazy_pattern
from bep.runner.folder.parts import Scored
from bep.runner.worker import wire

VERSION: Final = 1
BEGINNING: Final = struct.Struct("<8sIII")
FOOTER: Final = struct.Struct("<5Q32s8sI")

_NODE = lazy_pattern(r"[0-9A-Za-z][0-9A-Za-z._-]{0,254}")  # it names folders, and is shown
_MAGIC: Final = b"bep-segm"
_END: Final = b"segm-end"


class Head(NamedTuple):
    """What a segment says of itself: the digest of the job's manifest, the items `first` to `end` (exclusive) of the
    job, who scored them, and the name that this node's logs have."""

    manifest: str
    first: int
    end: int
    session: str
    attempt: int
    node: str


class Lengths(NamedTuple):
    """Bytes of each section. `header` has the beginning with it."""

    header: int
    rows: int
    records: int
    columns: int
    failures: int


class Footer(NamedTuple):
    """The end of a segment. `sha256` is of all bytes before it."""

    lengths: Lengths
    sha256: bytes


def packed_head(head: Head) -> bytes:
    """Beginning and header."""
    text = json.dumps(head._asdict(), sort_keys=True).encode()
    return BEGINNING.pack(_MAGIC, VERSION, len(text), crc32(text)) + text


def header_length(beginning: bytes) -> int:
    """How many bytes of header follow. Raises `ValueError`, in words, for what is no beginning."""
    if len(beginning) < BEGINNING.size or not beginning.startswith(_MAGIC):
        raise ValueError("it does not begin as a segment does")
    _, version, length, _ = BEGINNING.unpack(beginning)
    if version != VERSION:
        raise ValueError(f"it has format {version}, and this version of bep reads format {VERSION}")
    return int(length)


def head_of(beginning: bytes, text: bytes) -> Head:
    """The header. Raises `ValueError`, in words."""
    if crc32(text) != BEGINNING.unpack(beginning)[3]:
        raise ValueError("its header has another checksum than it was written with")
    try:
        head = Head(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        raise ValueError("its header is none of a segment's") from None
    kinds = (str, int, int, str, int, str)
    if any(type(value) is not kind for value, kind in zip(head, kinds, strict=True)) or not 0 <= head.first < head.end:
        raise ValueError("its header is none of a segment's")
    if not _NODE.fullmatch(head.node):
        raise ValueError("its header is none of a segment's")
    return head


def packed_footer(footer: Footer) -> bytes:
    """The end of the file."""
    body = FOOTER.pack(*footer.lengths, footer.sha256, _END, 0)[: -wire.CHECK.size]
    return body + wire.CHECK.pack(crc32(body))


def footer_of(content: bytes) -> Footer:
    """What the last bytes of a file say. Raises `ValueError`, in words."""
    if len(content) < FOOTER.size:
        raise ValueError("it is too short to have a footer")
    *lengths, digest, end, checksum = FOOTER.unpack(content)
    if end != _END or checksum != crc32(content[: -wire.CHECK.size]):
        raise ValueError("it does not end as a segment does: whoever wrote it was ended, or its footer was changed")
    return Footer(Lengths(*lengths), digest)


def packed_record(scored: Scored, first: int, offset: int) -> bytes:
    """A record as a part's journal has it, its first item and the place of its rows as they are where it goes."""
    body = wire.BODY.pack(first, *scored[1:4], offset, *scored[5:-1])
    return body + wire.CHECK.pack(crc32(body))
