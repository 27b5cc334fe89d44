"""Brings into a job's share what no other machine has: files of model and code, inputs, the lists of these.

Knows what stands where below the job's folder; knows no record and no request.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field, replace
from bep.runner.errors import Cancelled, InputsInvalid, StoredBytesDamaged
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs.manifest import Manifest
from bep.runner.shards import prepared as document
from bep.runner.shards.contents import Contents, carried
from bep.runner.shards.prepared import Content, Uploads
from bep.runner.shards.visible import Visible
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board

File = tuple[bytes, str | None]
"""The name of a file on this machine, and the sha256 that it must have, where one is known."""


def upload_files(
    wanted: Mapping[str, Mapping[str, File]], contents: Contents, board: Board
) -> dict[str, dict[str, Content]]:
    """Let files be in the share, and tell what each is, by the part that it belongs to and its relative name.

    Raises `StoredBytesDamaged` for what cannot be read or has other bytes, `ShareRefused`, `Cancelled`.
    """
    files = [(part, name, one) for part, of in wanted.items() for name, one in of.items()]
    found: dict[str, dict[str, Content]] = {part: {} for part in wanted}

    def noted(number: int, content: Content) -> None:
        part, name, _ = files[number]
        found[part][name] = content

    named = ((number, *one) for number, (_, _, one) in enumerate(files))
    uploading = replace(board, doing="uploading model and code", invalid=StoredBytesDamaged)
    carried(named, len(files), uploading, contents, noted)
    return {part: {name: found[part][name] for name in of} for part, of in wanted.items()}


@dataclass(frozen=True)
class Inputs:
    """The items of a job that its share is to have. `folders` are seen by every machine at the same paths, `given` says
    where the bytes of an item are that has another name. Only items of the `ranges` (first, end), which are in order,
    are looked at; None: all of them."""

    listed: Manifest
    folders: Sequence[Path]
    given: Mapping[bytes, File] = field(default_factory=dict)
    ranges: Sequence[tuple[int, int]] | None = None

    def upload(self, sources: Path, contents: Contents, board: Board) -> Uploads:
        """Bring those there that no other machine can see, and write into the file `sources` where each is.

        Raises `InputsInvalid` for one that cannot be read, `ShareRefused`, `Cancelled`, `OSError`.
        """
        visible, in_place, looked_at = Visible(self.folders), 0, 0

        def to_upload() -> Iterator[tuple[int, bytes, str | None]]:
            nonlocal in_place, looked_at
            for number, name in self._names():
                looked_at += 1
                if self.folders and visible.sees(name):
                    in_place += 1
                else:
                    yield (number, *self.given.get(name, (name, None)))

        with sources.open("wb") as file:
            file.truncate(self.listed.items * document.DIGEST)

            def noted(number: int, content: Content) -> None:
                os.pwrite(file.fileno(), bytes.fromhex(content.sha256), number * document.DIGEST)

            uploading = replace(board, doing="uploading inputs", invalid=InputsInvalid)
            carried(to_upload(), self.listed.items, uploading, contents, noted)
        return Uploads(
            files=contents.files,
            bytes=contents.bytes,
            items=looked_at - in_place,
            in_place=in_place,
            folders=tuple(map(str, self.folders)),
        )

    def _names(self) -> Iterator[tuple[int, bytes]]:
        every, at = enumerate(_names(self.listed)), 0
        for first, end in [(0, self.listed.items)] if self.ranges is None else self.ranges:
            yield from islice(every, first - at, end - at)
            at = end


def put_lists(
    share: Share, job: str, folder: JobFolder, sources: Path, *, is_wanted: Callable[[str, Path], bool]
) -> None:
    """Put the lists of a job's folder there, those that are wanted. Raises `ShareRefused`."""
    files = {
        document.MANIFEST: folder.manifest,
        document.INDEX: folder.index,
        document.PARTITIONS: folder.partitions,
        document.ORIGINS: folder.origins,
        document.SOURCES: sources,
    }
    for at, path in files.items():
        if path.exists() and is_wanted(at, path):
            share.put(f"{job}/{at}", path)


def must_go_on(board: Board) -> None:
    """Raise `Cancelled` where somebody has asked for an end."""
    if board.cancel.is_set():
        raise Cancelled


def _names(listed: Manifest) -> Iterator[bytes]:
    """Every item, read in blocks."""
    rest, left = b"", listed.items
    with listed.path.open("rb") as file:
        while left and (block := file.read(1 << 20)):
            *whole, rest = (rest + block).split(b"\0")
            yield from islice(whole, left)
            left -= min(left, len(whole))
