"""Files into one blob container, a few at once in little memory; what is there already is not sent again. Knows no
datastore, no kind and no operation.

A blob says in its metadata which bytes it was made of, and gets that in the moment in which it becomes whole: no other
is taken for whole. A large file goes in blocks that are named by what is in them: what a killed upload has sent of it
is used by the next one, and what somebody else has sent is not.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from bep.lazy_dataclasses import dataclass
from bep.providers.protocol import Conflict, Transferred
from bep.schemas.resource import Content

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

T = TypeVar("T")

MARK: Final = "bep_sha256"
"""The key of a blob's metadata with the digest of its bytes."""
AT_ONCE: Final = 10
"""Requests at the same time: as many as Azure's client keeps connections."""
ROOM: Final = 32 << 20
"""Bytes of files in memory at the same time, but for a single block of a file that needs larger ones."""
BLOCK: Final = 8 << 20
"""Bytes of a block; a file of no more is sent in one request."""
MOST_BLOCKS: Final = 50_000
"""Blocks that a blob may have: learn.microsoft.com/rest/api/storageservices/put-block."""


class Sender:
    """Who sends for every upload of a process: so many requests, and so many bytes in memory, at the same time."""

    def __init__(self, room: int = ROOM, at_once: int = AT_ONCE) -> None:
        self._threads = ThreadPoolExecutor(at_once, "upload")
        self._room = self._free = room
        self._freed = threading.Condition()

    def send(self, size: int, read: Callable[[], bytes], request: Callable[[bytes], T]) -> Future[T]:
        """Wait for room, read so many bytes in this thread, and send them in another. Raises what `read` does."""
        taken = min(size, self._room)
        with self._freed:
            self._freed.wait_for(lambda: self._free >= taken)
            self._free -= taken
        try:
            future = self._threads.submit(request, read())
        except BaseException:
            self._give_back(taken)
            raise
        future.add_done_callback(lambda _: self._give_back(taken))
        return future

    def _give_back(self, taken: int) -> None:
        with self._freed:
            self._free += taken
            self._freed.notify_all()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()


@dataclass(frozen=True, slots=True)
class _File:
    """One file: the blob's name, where it is on this disk, the sha256 that was planned for, its size now."""

    blob: str
    path: Path
    sha256: str
    size: int


class Upload:
    """The upload of one content, for `address`, below a folder of a container. `transferred` is told how far it is."""

    def __init__(self, sender: Sender, container: "ContainerClient", address: str, transferred: Transferred) -> None:
        self._sender, self._container, self._address, self._transferred = sender, container, address, transferred
        self._sent: deque[Future[None]] = deque()
        self._lock = threading.Lock()
        self._done = self._total = 0

    def run(self, folder: str, content: Content) -> None:
        """Until every file is there whole. Raises `Conflict` for one that is not as it was planned."""
        files = list(self._files(folder, content))
        there = self._there(folder)
        missing = [one for one in files if there.get(one.blob) != one.sha256]
        self._total = sum(one.size for one in files)
        self._add(self._total - sum(one.size for one in missing))
        try:
            for one in missing:
                self._large(one) if one.size > BLOCK else self._small(one)
                while self._sent and self._sent[0].done():
                    self._sent.popleft().result()
            while self._sent:
                self._sent.popleft().result()
        finally:
            for future in self._sent:
                future.cancel()
            wait(self._sent)

    def _files(self, folder: str, content: Content) -> Iterator[_File]:
        source = Path(content.source)
        is_folder = source.is_dir()
        for name, sha256 in sorted(content.files.items()):
            path = source / name if is_folder else source
            with self._as_planned(path):
                yield _File(f"{folder}/{name}" if is_folder else folder, path, sha256, path.stat().st_size)

    def _there(self, folder: str) -> Mapping[str, str]:
        """Which bytes the blobs below a folder were made of, for those that are whole."""
        found = self._container.list_blobs(name_starts_with=folder, include=["metadata"])
        return {str(one.name): str((one.metadata or {}).get(MARK, "")) for one in found}

    def _small(self, file: _File) -> None:
        def request(data: bytes) -> None:
            if hashlib.sha256(data).hexdigest() != file.sha256:
                raise self._changed(file.path)
            self._container.upload_blob(file.blob, data, overwrite=True, metadata={MARK: file.sha256})
            self._add(len(data))

        with self._as_planned(file.path), file.path.open("rb") as stream:
            self._sent.append(self._sender.send(file.size, lambda: stream.read(file.size + 1), request))

    def _large(self, file: _File) -> None:
        """Send what of a file is not there, and make its blocks a blob once all of it was read and is as planned."""
        from azure.storage.blob import BlobBlock

        blob, whole, size = self._container.get_blob_client(file.blob), hashlib.sha256(), block_size(file.size)
        staged = self._staged(blob)
        blocks: deque[Future[str]] = deque()
        names: list[str] = []
        try:
            with self._as_planned(file.path), file.path.open("rb") as stream:

                def read() -> bytes:
                    asked = min(size, file.size - stream.tell())
                    data = stream.read(asked)
                    if len(data) < asked:
                        raise self._changed(file.path)
                    whole.update(data)
                    return data

                for number in range(-(-file.size // size)):
                    blocks.append(self._sender.send(size, read, self._stager(blob, number, staged)))
                    while blocks and blocks[0].done():
                        names.append(blocks.popleft().result())
            while blocks:
                names.append(blocks.popleft().result())
        finally:
            for future in blocks:
                future.cancel()
            wait(blocks)
        if whole.hexdigest() != file.sha256:
            raise self._changed(file.path)
        blob.commit_block_list([BlobBlock(name) for name in names], metadata={MARK: file.sha256})

    def _stager(self, blob: "BlobClient", number: int, staged: frozenset[str]) -> Callable[[bytes], str]:
        def request(data: bytes) -> str:
            name = _name(number, data)
            if name not in staged:
                blob.stage_block(name, data)
            self._add(len(data))
            return name

        return request

    def _staged(self, blob: "BlobClient") -> frozenset[str]:
        """The blocks that wait for a file. Those of a blob all have names of one length, so of others it is rid."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found = frozenset(str(one.id) for one in blob.get_block_list("uncommitted")[1])
        except ResourceNotFoundError:
            return frozenset()
        if all(len(name) == len(_name(0, b"")) for name in found):
            return found
        blob.commit_block_list([])
        return frozenset()

    def _add(self, size: int) -> None:
        with self._lock:
            self._done += size
            if self._total:
                self._transferred(self._done, self._total)

    @contextmanager
    def _as_planned(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise self._changed(path) from None

    def _changed(self, path: Path) -> Conflict:
        message = f"{path} is not as it was when planned: changed or gone since; plan again"
        return Conflict(self._address, "store", message)


def block_size(size: int) -> int:
    """Bytes of each block of a file, the same whenever it is sent: as many whole blocks as fit into a blob."""
    return BLOCK * -(-size // (BLOCK * MOST_BLOCKS))


def _name(number: int, data: bytes) -> str:
    """The name of a block: all of a blob's have the same length."""
    return f"{number:06}-{hashlib.sha256(data).hexdigest()[:32]}"
