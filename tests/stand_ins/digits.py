"""Forty drawings of digits, 28 by 28 pixels, gray, as PNG files in `data/`. Run in the example's folder."""

import random
import struct
import zlib
from pathlib import Path

ROWS = ["75557", "26227", "71747", "71717", "55711", "74717", "74757", "71222", "75757", "75717"]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: "list[bytearray]") -> bytes:
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def drawn(digit: int, right: int, down: int) -> "list[bytearray]":
    """Each digit of `ROWS` is a row of three dots in binary; a dot is four pixels wide and high."""
    rows = [bytearray(28) for _ in range(28)]
    for line, bits in enumerate(ROWS[digit]):
        for column in range(3):
            if int(bits) & (4 >> column):
                for y in range(4):
                    left = 8 + right + 4 * column
                    rows[4 + down + 4 * line + y][left : left + 4] = b"\xff" * 4
    return rows


chance = random.Random(7)
Path("data").mkdir()
for number in range(40):
    image = drawn(number % 10, chance.randint(-2, 2), chance.randint(-2, 2))
    Path(f"data/{number:02d}-is-{number % 10}.png").write_bytes(png(image))
