"""The items of a mini-batch, read from the manifest when they are needed. Never holds the whole list."""

import mmap
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_RANGE = struct.Struct("<QQ")
_START = struct.Struct("<Q")


class Names:
    """Maps the manifest and its index: names end with a NUL byte, and the index has where each mini-batch starts."""

    ahead = 0  # mini-batches of the job before the first one here: a machine may have a part of a job alone

    def __init__(self, manifest: str, index: str, stride: int) -> None:
        self._stride = stride
        self._encoding = sys.getfilesystemencoding()
        with open(manifest, "rb") as names, open(index, "rb") as starts:
            self._names = mmap.mmap(names.fileno(), 0, access=mmap.ACCESS_READ)
            self._starts = mmap.mmap(starts.fileno(), 0, access=mmap.ACCESS_READ)

    def take(self, first: int, count: int) -> "list[str]":
        """Items `first` to `first + count`, all of one mini-batch."""
        number, skipped = divmod(first, self._stride)
        start, end = _RANGE.unpack_from(self._starts, 8 * number)
        names = self._names[start : end - 1].decode(self._encoding, "surrogateescape").split("\0")
        return names if count == len(names) else names[skipped : skipped + count]

    def number_of(self, item: int) -> int:
        """The mini-batch that an item is in."""
        return self.ahead + item // self._stride

    def keys_of(self, item: int) -> "dict[str, str]":
        """The partition keys of an item's mini-batch and their values: none."""
        return {}

    def mini_batches(self) -> "Iterator[tuple[int, int]]":
        """First item and number of items of each; the last may be short."""
        for number in range(len(self._starts) // 8 - 1):
            start, end = _RANGE.unpack_from(self._starts, 8 * number)
            yield number * self._stride, self._names[start:end].count(b"\0")


class PartitionedNames(Names):
    """The same of mini-batches of different sizes: the index has where each item starts, and a file what they share."""

    def __init__(self, manifest: str, index: str, partitions: str) -> None:
        import json

        super().__init__(manifest, index, 1)
        self._firsts = []
        self._keys = []
        with open(partitions) as lines:
            for line in lines:
                first, keys = json.loads(line)
                self._firsts.append(first)
                self._keys.append(keys)

    def take(self, first: int, count: int) -> "list[str]":
        """Items `first` to `first + count`."""
        start, end = (_START.unpack_from(self._starts, 8 * item)[0] for item in (first, first + count))
        return self._names[start : end - 1].decode(self._encoding, "surrogateescape").split("\0")

    def number_of(self, item: int) -> int:
        """The mini-batch that an item is in."""
        return self.ahead + self._group(item)

    def keys_of(self, item: int) -> "dict[str, str]":
        """The partition keys of an item's mini-batch and their values; a script may change what it is given."""
        return dict(self._keys[self._group(item)])

    def _group(self, item: int) -> int:
        from bisect import bisect_right

        return bisect_right(self._firsts, item) - 1

    def mini_batches(self) -> "Iterator[tuple[int, int]]":
        """First item and number of items of each."""
        ends = [*self._firsts[1:], len(self._starts) // 8 - 1]
        for first, end in zip(self._firsts, ends):
            yield first, end - first


def names_of(setup: "dict[str, object]") -> Names:
    """The items of a job, or of the part of it that this machine has."""
    manifest, index = str(setup["manifest"]), str(setup["index"])
    if setup["partitions"]:
        names = PartitionedNames(manifest, index, str(setup["partitions"]))  # type: Names
    else:
        names = Names(manifest, index, int(setup["stride"]))  # type: ignore[call-overload]
    names.ahead = int(setup.get("ahead", 0))  # type: ignore[call-overload]
    return names
