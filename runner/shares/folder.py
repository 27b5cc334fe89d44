"""A share that is a folder, seen by all machines at the same path: NFS, Lustre, a mounted volume. Knows no job.

A file is written under a hidden name beside its own, waited for, and given its name; what killed writers have left
there is shown to nobody, and removed when it is old.
"""

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from bep.disk.copying import copy_range
from bep.disk.durable import write_all
from bep.disk.refusal import explained, naming
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import ShareRefused
from bep.runner.shares.names import checked, checked_folder, missing

Result = TypeVar("Result")

_TEMPORARY = lazy_pattern(r"\.[0-9a-f]{16}\.partial")
_ABANDONED: Final = 86_400.0  # seconds: no file is longer on its way, and clocks of machines differ by less
_PAUSES: Final = (0.5, 1.0)  # seconds before another try
_PASSING: Final = (
    *(errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EBUSY, errno.EIO),
    *(errno.ECONNRESET, errno.ECONNREFUSED, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOLINK),
)
"""What a file system of the network says when its server is busy, or was started again."""
_RIGHTS: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_UNSYNCED: Final = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF)


@dataclass(frozen=True, slots=True)
class FolderShare:
    """Whoever the folder itself lets in may read, and write, what is put there."""

    root: Path

    @property
    def address(self) -> str:
        """The path."""
        return str(self.root)

    def put(self, name: str, content: bytes | Path) -> None:
        """As `Share.put`. Raises `OSError` where the file to copy cannot be read."""
        target = self._plain(checked(name))
        if isinstance(content, bytes):
            return self._tried(lambda: self._put(target, lambda sink: write_all(sink, content)))
        with content.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            self._tried(lambda: self._put(target, lambda sink: copy_range(source.fileno(), 0, size, sink)))
        return None

    def _put(self, target: Path, fill: Callable[[int], None]) -> None:
        rights = stat.S_IMODE(self._status().st_mode)
        self._make_folder(target.parent, rights)
        temporary = target.with_name(f".{secrets.token_hex(8)}.partial")
        try:
            with naming(target):
                sink = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                try:
                    fill(sink)
                    os.fchmod(sink, rights & 0o666 | 0o600)
                    os.fsync(sink)
                finally:
                    os.close(sink)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync(target.parent)

    def _make_folder(self, folder: Path, rights: int) -> None:
        if folder == self.root or folder.is_dir():
            return
        self._make_folder(folder.parent, rights)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) & 0o7000 | rights & 0o1777 | 0o700)
            _sync(folder.parent)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))

    def _plain(self, name: str) -> Path:
        """Where a name is. No link is followed: whoever may write here could let others write elsewhere by one."""
        path = self.root
        for step in name.split("/") if name else ():
            path /= step
            if os.path.islink(path):  # noqa: PTH114 - one that cannot be asked is told of by what is done next
                raise ShareRefused(
                    f"{path} is a symbolic link, and none is followed in a share\n    fix: put there what it leads to"
                )
        return path

    def _status(self) -> os.stat_result:
        """Of the folder, which is never made here: where it is missing, it may be a mount that is."""
        try:
            found = self.root.stat()
        except FileNotFoundError:
            fix = f"make it (mkdir -p {self.root}), or mount it: it has to be the same folder on all machines"
            raise ShareRefused(f"{self.root}: there is no such folder to share\n    fix: {fix}") from None
        if not stat.S_ISDIR(found.st_mode):
            raise ShareRefused(f"{self.root} is a file: a share is a folder that all machines see, or a store")
        return found

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """As `Share.read`."""

        def once() -> bytes:
            with self._opened(name) as source:
                left = max(0, os.fstat(source).st_size - start)
                wanted, found, position = left if length is None else min(left, length), [], start
                while wanted and (block := os.pread(source, wanted, position)):
                    found.append(block)
                    position, wanted = position + len(block), wanted - len(block)
                return b"".join(found)

        return self._tried(once)

    def get(self, name: str, target: Path) -> None:
        """As `Share.get`."""
        refused = self._tried(lambda: self._get(name, target))
        if refused is not None:
            raise refused

    def _get(self, name: str, target: Path) -> OSError | None:
        """What this machine refuses is returned: it is no fault of the share's, and not tried again."""
        temporary = target.with_name(f".{secrets.token_hex(8)}.partial")
        with self._opened(name) as source:
            try:
                with naming(target):
                    sink = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                    try:
                        copy_range(source, 0, os.fstat(source).st_size, sink)
                    finally:
                        os.close(sink)
                temporary.replace(target)
            except OSError as error:
                with suppress(OSError):
                    temporary.unlink()
                if error.errno in _PASSING:
                    raise
                return error
        return None

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        path = self._plain(checked(name))
        try:
            # Whoever opens a pipe waits for a writer, which may never come.
            source = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            self._status()
            raise missing(self.address, name) from None
        try:
            with naming(path):
                if not stat.S_ISREG(os.fstat(source).st_mode):
                    raise missing(self.address, name)
                yield source
        finally:
            os.close(source)

    def listed(self, folder: str) -> Mapping[str, int]:
        """As `Share.listed`; removes what killed writers have left long ago."""
        return self._tried(lambda: dict(self._below(self._plain(checked_folder(folder)))))

    def _below(self, folder: Path) -> Iterator[tuple[str, int]]:
        waiting = [(folder, "")]  # no recursion: folders may be deeper than that goes
        while waiting:
            place, before = waiting.pop()
            for entry in self._entries(place):
                with suppress(FileNotFoundError):  # removed meanwhile
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((Path(entry.path), f"{before}{entry.name}/"))
                    elif _TEMPORARY.fullmatch(entry.name):
                        _sweep(entry)
                    elif entry.is_file(follow_symlinks=False):
                        yield before + entry.name, entry.stat(follow_symlinks=False).st_size

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            self._status()
            return []

    def folders(self, folder: str) -> tuple[str, ...]:
        """As `Share.folders`."""

        def once() -> tuple[str, ...]:
            entries = self._entries(self._plain(checked_folder(folder)))
            return tuple(sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False)))

        return self._tried(once)

    def remove(self, name: str) -> None:
        """As `Share.remove`."""

        def once() -> None:
            with suppress(FileNotFoundError, NotADirectoryError):
                self._plain(checked(name)).unlink()

        self._tried(once)

    def _words(self, error: OSError) -> str:
        refusal = explained(error, self.root)
        fix = refusal.fix
        if error.errno in _RIGHTS:
            fix = f"let this user read and write all that is in {self.root}, on every machine, or share another folder"
        return f"{refusal.reason}\n    fix: {fix}" if fix else refusal.reason

    def _tried(self, work: Callable[[], Result]) -> Result:
        for pause in (*_PAUSES, None):
            try:
                return work()
            except OSError as error:
                if pause is None or error.errno not in _PASSING:
                    raise ShareRefused(self._words(error)) from None
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")


def _sweep(entry: os.DirEntry[str]) -> None:
    with suppress(OSError):  # another machine is faster, or may and this one may not
        if time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED:
            Path(entry.path).unlink()


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are durable, where the file system can be asked that."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _UNSYNCED:
            raise
    finally:
        os.close(opened)
