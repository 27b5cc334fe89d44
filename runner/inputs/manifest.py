"""The manifest: every item of a job, in order, written once and the truth from then on. Never holds the list.

Names are the file system's own bytes, each ended by NUL, the one byte that no file name can contain; the index has, as
unsigned 64-bit little-endian numbers, where each mini-batch starts and, last, where the manifest ends. Mini-batches of
different sizes have an index of every item, and a file of partitions beside it.
"""

import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import file_digest, sha256
from itertools import islice, pairwise
from pathlib import Path

from bep.disk.durable import replacing
from bep.lazy_dataclasses import dataclass
from bep.runner.errors import JobDamaged
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import origins
from bep.runner.inputs.partitions import Partitions
from bep.runner.worker.names import Names

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is scored: how many items, in mini-batches of how many. `digest` is of the names, in hexadecimal.

    With `partitions` a mini-batch is one of them, and `stride`, how many items an entry of the index has, is 1.
    """

    path: Path
    index: Path
    items: int
    stride: int
    digest: str
    partitions: Partitions | None = None

    @property
    def starts(self) -> Sequence[int]:
        """The first item of every mini-batch. A range where all but the last, which may be short, have one size."""
        return self.partitions.starts if self.partitions else range(0, self.items, self.stride)

    def verify(self) -> None:
        """Raise `JobDamaged` unless both files are as written: a job goes on with its own items or not at all.

        It reads every name once, some hundred megabytes a second.
        """
        try:
            with self.path.open("rb") as names:
                digest, size = file_digest(names, sha256).hexdigest(), os.fstat(names.fileno()).st_size
            starts = array("Q", self.index.read_bytes())
        except (OSError, ValueError) as problem:
            raise JobDamaged(self.path, problem) from None
        if sys.byteorder == "big":
            starts.byteswap()
        if digest != self.digest:
            raise JobDamaged(self.path, "its names are not those that the job began with")
        whole = len(starts) == -(-self.items // self.stride) + 1 and starts[0] == 0 and starts[-1] == size
        if not whole or any(here >= after for here, after in pairwise(starts)):
            raise JobDamaged(self.index, "it does not say where the items are")

    def number_of(self, item: int) -> int:
        """The mini-batch that an item is in."""
        return self.partitions.number_of(item) if self.partitions else item // self.stride

    def all_names(self) -> Names:
        """The same as `names`, for a reader of many: the files stay open."""
        return Names(str(self.path), str(self.index), self.stride)

    def names(self, first: int, count: int) -> tuple[str, ...]:
        """The items from `first` on, to be shown: addresses of what was fetched, paths of what was here.

        Raises `JobDamaged` as `paths` does.
        """
        return self.shown(self.paths(first, count))

    def shown(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Items as they are shown to a person."""
        return origins.addresses(self.path.with_name("manifest.origins"), paths)

    def paths(self, first: int, count: int) -> tuple[str, ...]:
        """The items from `first` on. Raises `JobDamaged` where the two files have no such items."""
        number, skipped = divmod(first, self.stride)
        last = (first + count - 1) // self.stride
        with self.path.open("rb") as names, self.index.open("rb") as index:
            start, end = (int.from_bytes(os.pread(index.fileno(), 8, 8 * n), "little") for n in (number, last + 1))
            if not start < end <= os.fstat(names.fileno()).st_size:
                raise JobDamaged(self.index, f"it has no place for the items from {first} on")
            found = os.pread(names.fileno(), end - start - 1, start).split(b"\0")[skipped : skipped + count]
        if len(found) < count:
            raise JobDamaged(self.path, f"it does not have all of the {count} items from {first} on")
        return tuple(map(os.fsdecode, found))


def write(folder: JobFolder, items: Iterable[bytes], stride: int, partitions: Partitions | None = None) -> Manifest:
    """Write manifest and index of `items`, durable before it returns. A half-written one has no index."""
    starts = array("Q", [0])
    digest = sha256()
    count = 0
    with folder.manifest.open("wb") as file:
        for block in _blocks(items, stride):
            text = b"\0".join(block) + b"\0"
            digest.update(text)
            file.write(text)
            starts.append(starts[-1] + len(text))
            count += len(block)
        file.flush()
        os.fsync(file.fileno())
    if sys.byteorder == "big":
        starts.byteswap()
    with replacing(folder.index) as file:
        file.write(starts.tobytes())
    return Manifest(folder.manifest, folder.index, count, stride, digest.hexdigest(), partitions)


def _blocks(items: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    left = iter(items)
    while block := list(islice(left, size)):
        yield block
