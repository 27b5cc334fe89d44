"""The files of one datastore as blobs: found, read, listed a page at a time, written whole. Knows no request."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from bep.app.datastores.folders import folder_of
from bep.app.errors import Conflict, NotFound, Refused
from bep.disk import modes, placing
from bep.disk.beneath import NotBeneath
from bep.disk.beneath import opened as opened_beneath
from bep.disk.durable import write_durably
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.datastores.sending import Sending
    from bep.app.workspace.contexts import Reading

LONGEST: Final = 1024
DEEPEST: Final = 254
"""Characters and steps of the longest name that is taken, as Azure Storage has it."""
STALE: Final = 7 * 24 * 3600.0
"""Seconds after which what nobody completed is removed, as Azure Storage does with blocks."""


class NoSuchBlob(NotFound):
    """There is no file of this name: none, a folder, a link, or a name that leads out of the datastore."""


class BlobExists(Conflict):
    """A file of this name is there already, and was not to be written over."""


@dataclass(frozen=True)
class Blob:
    """One file. `size` is bytes, `changed` the moment of its last change, `etag` is another after each."""

    name: str
    size: int
    changed: datetime
    etag: str
    metadata: Mapping[str, str]


class Blobs:
    """The blobs of one datastore: the files below `root`. `beside` keeps what belongs to them and is no file of it:
    metadata, and what is being sent."""

    def __init__(self, root: Path, beside: Path, datastore: str) -> None:
        self.root = root
        self.beside = beside
        self.datastore = datastore

    @contextmanager
    def read(self, name: str) -> Iterator[tuple[Blob, BinaryIO]]:
        """A blob and its bytes. Raises `NoSuchBlob`."""
        with self._opened(name) as stream:
            yield self._blob(name, os.fstat(stream.fileno())), stream

    def get(self, name: str) -> Blob:
        """One blob. Raises `NoSuchBlob`."""
        with self.read(name) as (blob, _):
            return blob

    def send(self) -> "AbstractContextManager[Sending]":
        """A new file that is written piece by piece, and nowhere to be seen before it is placed."""
        from bep.app.datastores.sending import sending

        self.sweep()
        return sending(self.beside / "sending")

    def place(self, name: str, sent: "Sending", metadata: Mapping[str, str], *, over: bool) -> Blob:
        """Give what was sent its name. Raises `BlobExists`, and `Refused` for a name that cannot be had."""
        steps = name.count("/") + 1
        if len(name) > LONGEST or steps > DEEPEST:
            told = f"{len(name):,} characters and {steps:,} steps: {LONGEST:,} and {DEEPEST} are the most"
            raise Refused(f"the name {name[:40]!r}... has {told}")
        path = sent.finished()
        try:
            placing.place(path, self.root, name, over=over)
        except NotBeneath:
            raise self._no_name(name) from None
        except FileExistsError:
            raise BlobExists(f"{name!r} is in {self.datastore} already") from None
        except placing.InTheWay:
            raise Conflict(
                f"{name!r}: a folder, a link or a file of that name is in {self.datastore} already"
            ) from None
        return self.describe(name, metadata)

    def describe(self, name: str, metadata: Mapping[str, str]) -> Blob:
        """Keep these words with a blob, in the place of those it had. Raises `NoSuchBlob`."""
        blob = self.get(name)
        kept = self._words(name)
        if not metadata:
            kept.unlink(missing_ok=True)
        else:
            modes.make_folder(kept.parent)
            write_durably(kept, json.dumps({"etag": blob.etag, "metadata": dict(metadata)}).encode())
        return self.get(name)

    def remove(self, name: str) -> None:
        """Take a blob away. Raises `NoSuchBlob`."""
        try:
            placing.remove(self.root, name)
        except NotBeneath:
            raise self._none(name) from None
        self._words(name).unlink(missing_ok=True)

    def keep_block(self, name: str, block: str, sent: "Sending") -> None:
        """Keep a part of a blob until all of it is there."""
        folder = self._blocks(name)
        modes.make_folder(folder)
        sent.finished().replace(folder / _hashed(block))

    def commit(self, name: str, blocks: Sequence[str], metadata: Mapping[str, str], *, over: bool) -> Blob:
        """Make a blob of the parts that were kept, in this order. Raises `Refused` for one that is not there."""
        folder = self._blocks(name)
        with self.send() as sent:
            for block in blocks:
                try:
                    with (folder / _hashed(block)).open("rb") as stream:
                        sent.take(stream)
                except FileNotFoundError:
                    raise Refused(f"block {block!r} of {name!r} was not sent, or is part of the blob already") from None
            made = self.place(name, sent, metadata, over=over)
        shutil.rmtree(folder, ignore_errors=True)
        return made

    def sweep(self) -> None:
        """Remove what nobody completed for a week."""
        before = time.time() - STALE
        for place in (self.beside / "sending", self.beside / "blocks"):
            with suppress(FileNotFoundError):
                for path in place.iterdir():
                    with suppress(OSError):
                        if path.stat().st_mtime < before:
                            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def listed(self, prefix: str, *, after: str, most: int, delimiter: str) -> "list[Blob | str]":
        """Those whose names begin with `prefix` and come after a name: blobs, and with a delimiter the names of folders
        for all that is in them."""
        from bep.app.datastores.listing import names

        found: list[Blob | str] = []
        for name in names(self.root, prefix, after, by_folder=bool(delimiter)):
            if len(found) == most:
                break
            with suppress(NoSuchBlob):  # removed meanwhile
                found.append(name if name.endswith("/") else self.get(name))
        return found

    @contextmanager
    def _opened(self, name: str) -> Iterator[BinaryIO]:
        try:
            manager = opened_beneath(self.root, name)
            stream = manager.__enter__()
        except NotBeneath:
            raise self._none(name) from None
        try:
            yield stream
        finally:
            manager.__exit__(None, None, None)

    def _blob(self, name: str, there: os.stat_result) -> Blob:
        etag = f'"0x{there.st_mtime_ns:X}{there.st_ino:X}{there.st_size:X}"'
        changed = datetime.fromtimestamp(int(there.st_mtime), UTC)
        return Blob(name, there.st_size, changed, etag, self._metadata(name, etag))

    def _metadata(self, name: str, etag: str) -> Mapping[str, str]:
        """What was kept with it: of the bytes as they are now, not of others that had the name."""
        try:
            kept: Any = json.loads(self._words(name).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        found: dict[str, str] = kept["metadata"] if kept.get("etag") == etag else {}
        return found

    def _words(self, name: str) -> Path:
        return self.beside / "metadata" / f"{_hashed(name)}.json"

    def _blocks(self, name: str) -> Path:
        return self.beside / "blocks" / _hashed(name)

    def _none(self, name: str) -> NoSuchBlob:
        return NoSuchBlob(f"there is no file {name!r} in {self.datastore}")

    def _no_name(self, name: str) -> Refused:
        return Refused(
            f"{name!r} is no name that a file in {self.datastore} can have: no part of it may be empty, . or .."
        )


def blobs_of(opened: "Reading", datastore: str) -> Blobs:
    """The blobs of a datastore. Raises as `folder_of` does."""
    return Blobs(folder_of(opened, datastore), opened.home / "blobs" / datastore, datastore)


def _hashed(name: str) -> str:
    """A name for a file of what may have any name."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
