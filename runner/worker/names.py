"""The items of a mini-batch, read from the manifest when they are needed. Never holds the whole list."""

import mmap
import struct
import sys

_RANGE = struct.Struct("<QQ")


class Names:
    """Maps the manifest and its index: names end with a NUL byte, and the index has where each mini-batch starts."""

    def __init__(self, manifest: str, index: str, size: int) -> None:
        self._size = size
        self._encoding = sys.getfilesystemencoding()
        with open(manifest, "rb") as names, open(index, "rb") as starts:
            self._names = mmap.mmap(names.fileno(), 0, access=mmap.ACCESS_READ)
            self._starts = mmap.mmap(starts.fileno(), 0, access=mmap.ACCESS_READ)

    def take(self, first: int, count: int) -> "list[str]":
        """Items `first` to `first + count`, all of one mini-batch."""
        number, skipped = divmod(first, self._size)
        start, end = _RANGE.unpack_from(self._starts, 8 * number)
        names = self._names[start : end - 1].decode(self._encoding, "surrogateescape").split("\0")
        return names if count == len(names) else names[skipped : skipped + count]
