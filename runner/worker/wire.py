"""What crosses between the runner and a worker, byte by byte. Values only; both sides import it."""

import os
import struct
from binascii import crc32

# Runner to worker: sequence number, first item, how many items, how many of them for each run(), which attempt it is.
LEASE = struct.Struct("<QQQQQ")

# Worker to runner: kind and length of what follows.
FRAME = struct.Struct("<BI")
KINDS = range(6)
READY, LEASED, FAILED, FATAL, NOTICE, SHORT = KINDS
# How a run() can fail: another attempt may pass; a smaller call may, for its results cannot be written; none can.
ENDINGS = RAISED, UNWRITABLE, INVALID = "raised", "unwritable", "invalid"
# Exit codes of a worker that has said why it ends; that cannot answer any more; that cannot say what went wrong; whose
# files were written to.
FAILING, UNHEARD, SPEECHLESS, MEDDLED = 74, 75, 76, 77
# A lease is done: its sequence number, calls of run(), seconds they took.
DONE = struct.Struct("<QQd")

# One worker's 64 bytes of shared memory: since when it does what (time, phase) and with which call it was busy last
# (lease, first item); the time is written first, so that one who looks in the middle sees a worker that has more time,
# not less. Then counts of what is in its journal (items scored, items failed for want of results, mini-batches), and,
# written by the runner alone, the newest lease that the worker must not start any more of.
SLOT = 64
HEARTBEAT = struct.Struct("<dQQQ")
BEAT = struct.Struct("<dQ")
COUNTS = struct.Struct("<QQQ")
STOLEN = struct.Struct("<Q")
COUNTS_AT, STOLEN_AT = 32, 56
STARTING, PREPARING, IDLE, RUNNING, STOPPING = range(5)

# One mini-batch in a part's journal: first item, items, results, line breaks beyond one a row, where its rows start
# in the part and their length, wall clock at the start, seconds, how many rows, checksum of the rows; then a checksum
# of all that. A result is a row, but for a script that takes a file a call: there it is a file, of any number of rows.
BODY = struct.Struct("<QIIIQQddII")
CHECK = struct.Struct("<I")
CHECKED = struct.Struct("<QIIIQQddIII")
RECORD = CHECKED.size

# Between the numbers of two parts in a row of one worker: its first has the worker's own.
NEXT_PART = 1000000

# Beside the rows of a csv file: where rows with other columns begin in the part, the length of their header, a checksum
# of both and of the header, which follows.
COLUMNS = struct.Struct("<QII")


def record(
    first: int,
    items: int,
    results: int,
    breaks: int,
    offset: int,
    rows: bytes,
    started: float,
    seconds: float,
    count: int = 0,
) -> bytes:
    """One journal record. `count` is how many rows the bytes `rows` are."""
    body = BODY.pack(first, items, results, breaks, offset, len(rows), started, seconds, count, crc32(rows))
    return body + CHECK.pack(crc32(body))


def columns(offset: int, header: bytes) -> bytes:
    """The entry for rows that begin at `offset` and have this header."""
    return COLUMNS.pack(offset, len(header), crc32(header, offset & 0xFFFFFFFF)) + header


def headers(entries: bytes) -> "list[tuple[int, bytes]]":
    """The offsets and headers in a file of such entries, up to one that is torn."""
    found = []
    position = 0
    while position + COLUMNS.size <= len(entries):
        offset, length, checksum = COLUMNS.unpack_from(entries, position)
        header = entries[position + COLUMNS.size : position + COLUMNS.size + length]
        if len(header) < length or crc32(header, offset & 0xFFFFFFFF) != checksum:
            break
        found.append((offset, header))
        position += COLUMNS.size + length
    return found


def send(channel: int, kind: int, payload: bytes) -> None:
    """Write one frame whole. Raises `OSError` when the other side is gone."""
    left = memoryview(FRAME.pack(kind, len(payload)) + payload)
    while left:
        left = left[os.write(channel, left) :]


def receive(channel: int, size: int) -> bytes:
    """Exactly `size` bytes, or nothing when the other side has closed."""
    got = b""
    while len(got) < size:
        more = os.read(channel, size - len(got))
        if not more:
            return b""
        got += more
    return got
