"""The range of a shard as a job of its own: its manifest, numbered from 0, in a folder of this machine.

Of the lists in the share nothing is read but what is the range's. Inputs that were uploaded get names below a folder of
this machine; the rest of a name stays, for scripts look at it.
"""

import json
import os
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from bep.disk.durable import write_durably
from bep.lazy_dataclasses import dataclass
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import manifest, partitions
from bep.runner.inputs.manifest import Manifest
from bep.runner.inputs.partitions import Partitions
from bep.runner.shards.prepared import DIGEST, IN_PLACE, INDEX, MANIFEST, PARTITIONS, SOURCES, Prepared, PreparedInvalid
from bep.runner.shares.share import Share

_BLOCK = 8 << 20  # bytes of names read at once


@dataclass(frozen=True, slots=True)
class Range:
    """Items of a prepared job. `listed` has them, numbered from 0; `sources` has `DIGEST` bytes of each, as in the
    share, and `has_copies` says whether any was uploaded."""

    listed: Manifest
    sources: bytes
    has_copies: bool

    def source(self, item: int) -> bytes:
        """The digest of an item's uploaded content, or `IN_PLACE`; `item` counts from 0."""
        return self.sources[item * DIGEST : (item + 1) * DIGEST]


def starts_of(share: Share, prepared: Prepared, folder: JobFolder) -> Sequence[int]:
    """The first items of all mini-batches of the job; where these have no one size, as its list says, which is fetched.

    Raises `PreparedInvalid`, `ShareRefused`, `NotShared`.
    """
    if not prepared.settings.partition_keys:
        return range(0, prepared.counts.items, prepared.stride)
    share.get(f"{prepared.name}/{PARTITIONS}", folder.partitions)
    try:
        found = partitions.read(folder.partitions).starts
    except ValueError as problem:
        raise _damaged(share, prepared, PARTITIONS, problem) from None
    if found[-1] >= prepared.counts.items:
        raise _damaged(share, prepared, PARTITIONS, "it has groups beyond the last item")
    return found


def taken(
    share: Share, prepared: Prepared, starts: Sequence[int], of: tuple[int, int], folder: JobFolder, inputs: Path
) -> Range:
    """Write the manifest of these items, of whole mini-batches, into the folder. `inputs` is the folder in which what
    was uploaded will be. Raises `PreparedInvalid` for lists that are damaged, `ShareRefused`, `NotShared`, `OSError`.
    """
    first, end = of
    sources = share.read(f"{prepared.name}/{SOURCES}", first * DIGEST, (end - first) * DIGEST)
    if len(sources) != (end - first) * DIGEST:
        raise _damaged(share, prepared, SOURCES, "it ends before the last item")
    names = _names(share, prepared, first, end)
    has_copies = sources != bytes(len(sources))
    here = _moved(names, sources, os.fsencode(inputs)) if has_copies else names
    groups = _partitions(folder, starts, of) if prepared.settings.partition_keys else None
    listed = manifest.write(folder, here, prepared.stride, groups)
    if listed.items != end - first:
        raise _damaged(share, prepared, MANIFEST, "it has fewer names than its index says")
    write_durably(folder.origins, json.dumps([[str(inputs), "/", "", "store"]]).encode())
    return Range(listed, sources, has_copies)


def _all_absolute(names: Sequence[bytes]) -> bool:
    """Whether all begin with a slash and none leads upwards: looked at together, for there may be millions."""
    text = b"\0%b\0" % b"\0".join(names)
    return not names or (text.count(b"\0/") == len(names) and b"/../" not in text and b"/..\0" not in text)


def _moved(names: Iterable[bytes], sources: bytes, prefix: bytes) -> Iterator[bytes]:
    """Those that were uploaded get names below `prefix`."""
    places = range(0, len(sources), DIGEST)
    for at, name in zip(places, names, strict=False):
        yield name if sources[at : at + DIGEST] == IN_PLACE else prefix + name


def _names(share: Share, prepared: Prepared, first: int, end: int) -> Iterator[bytes]:
    """The names of these items, as on the machine that prepared them, read in blocks."""
    stride = prepared.stride
    entries = first // stride, -(-end // stride)
    content = share.read(f"{prepared.name}/{INDEX}", 8 * entries[0], 8 * (entries[1] - entries[0] + 1))
    places = array("Q", content[: len(content) // 8 * 8])
    if sys.byteorder == "big":
        places.byteswap()
    if len(places) != entries[1] - entries[0] + 1 or any(here >= after for here, after in pairwise(places)):
        raise _damaged(share, prepared, INDEX, "it does not say where the items are")
    position, last, rest = places[0], places[-1], b""
    is_whole, digest = (first, end) == (0, prepared.counts.items), sha256()
    while position < last:
        block = share.read(f"{prepared.name}/{MANIFEST}", position, min(_BLOCK, last - position))
        if not block:
            raise _damaged(share, prepared, MANIFEST, "it ends before the last item")
        digest.update(block)
        position += len(block)
        *whole, rest = (rest + block).split(b"\0")
        if not _all_absolute(whole):
            wrong = next(name for name in whole if not _all_absolute([name]))
            raise _damaged(share, prepared, MANIFEST, f"{os.fsdecode(wrong)!r} is no absolute path")
        yield from whole
    if rest or (is_whole and digest.hexdigest() != prepared.manifest_digest):
        raise _damaged(share, prepared, MANIFEST, "its names are not those that the job was prepared with")


def _partitions(folder: JobFolder, starts: Sequence[int], of: tuple[int, int]) -> Partitions:
    """The groups of the range alone, in the place of those of the job: what a worker reads."""
    first, end = of
    kept = [start - first for start in starts if first <= start < end]
    wanted = set(kept)
    with folder.partitions.open() as lines:
        every = (json.loads(line) for line in lines)
        here = [[start - first, keys] for start, keys in every if start - first in wanted]
    write_durably(folder.partitions, "".join(json.dumps(one) + "\n" for one in here).encode())
    return Partitions(kept)


def _damaged(share: Share, prepared: Prepared, name: str, why: object) -> PreparedInvalid:
    fix = "prepare the job anew, under another name"
    return PreparedInvalid(f"{prepared.name}/{name} in {share.address} is damaged: {why}\n    fix: {fix}")
