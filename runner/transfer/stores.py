"""What fsspec knows how to open: which files an address means, what the store says of each. Knows no job.

fsspec is an extra of bep's, and each store's own client is the user's choice: both are imported here, on use.
"""

import atexit
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

from bep.distribution import install
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import Cancelled, JobInvalid
from bep.runner.transfer.addresses import hidden, last_name, scrubbed
from bep.runner.transfer.transfers import Transfer

EXTRA = "fsspec"
"""The extra of bep's that has fsspec itself."""
_TRIES = 3
_PAUSE = 0.5  # seconds before the second try, and twice that before the third
_LASTING = (FileNotFoundError, FileExistsError, PermissionError, NotImplementedError, ImportError)
_MINE = threading.local()
_OPENED: list["weakref.ref[Any]"] = []  # clients that were made; two that were made alike are equal for fsspec
_WILD = lazy_pattern(r"[*?\[]")
_VERSION_WORDS = (
    *("etag", "ETag", "LastModified", "last_modified", "mtime", "modified", "modify", "created", "generation", "ino"),
    *("version_id", "VersionId", "content_md5", "md5Hash", "crc32c", "unique", "sha", "blob_id", "CRC"),
    *("last_write_time", "date_time"),
)
"""What stores call what changes with a file: S3, Azure, Google, FTP, SFTP, WebDAV, Git hosts, archives, SMB."""
_CLIENTS = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs",
    "adl": "adlfs", "sftp": "paramiko", "ssh": "paramiko", "webdav": "webdav4[fsspec]", "smb": "smbprotocol",
    "hdfs": "pyarrow", "webhdfs": "requests", "github": "requests", "oci": "ocifs", "oss": "ossfs",
    "hf": "huggingface_hub", "dropbox": "dropboxdrivefs", "git": "pygit2", "http": "aiohttp", "https": "aiohttp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a store. `version` is empty where the store states nothing that changes with the file."""

    path: str
    size: int | None
    version: str


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. `root` is what the address names in it; `address` is for messages, its secrets hidden."""

    system: Any
    root: str
    address: str

    def files(self, invalid: type[JobInvalid]) -> Mapping[str, Found]:
        """Every file that the address means, by its name below it, sorted: a file, a folder with all below it, a glob.

        Raises `invalid` where there is nothing, or a name cannot be a file's here.
        """
        system = self.system
        system.invalidate_cache()
        if _WILD.search(self.root) and not system.exists(self.root):
            base = before_wild(self.root)
            found = dict(self._matches())
        else:
            base = self.root.rstrip("/")
            is_file = system.isfile(self.root)  # some list a file as a folder with itself in it
            found = {self.root: system.info(self.root)} if is_file else system.find(self.root, detail=True)
        if not found and not system.exists(self.root):
            raise invalid(f"{self.address}: no {'files' if _WILD.search(self.root) else 'such file or folder'} there")
        files = {}
        for path, about in found.items():
            if about.get("type", "file") == "file" and not path.endswith("/"):
                name = path.removeprefix(base).lstrip("/") or last_name(path)
                self._check(name, invalid)
                files[name] = Found(path, _size(about), version_of(about))
        if not files:
            raise invalid(f"{self.address}: no files there")
        return dict(sorted(files.items()))

    def _matches(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a glob names; a folder stands for the files below it, where the pattern does not go on there itself."""
        for path, about in self.system.glob(self.root, detail=True).items():
            if about.get("type") != "directory":
                yield path, about
            elif not self.root.endswith("**"):
                yield from self.system.find(path, detail=True).items()

    def _check(self, name: str, invalid: type[JobInvalid]) -> None:
        parts = PurePosixPath(name).parts
        if ".." in parts or "\0" in name or name.startswith("/"):
            raise invalid(f"{self.address}: {name!r} there cannot be the name of a file here; rename it in the store")


def is_pattern(root: str) -> bool:
    """Whether it may stand for several names."""
    return _WILD.search(root) is not None


def before_wild(pattern: str) -> str:
    """The folder before the first wild character, so that two matches of one name stay two files."""
    return _WILD.split(pattern, maxsplit=1)[0].rpartition("/")[0]


def _size(about: Mapping[str, Any]) -> int | None:
    size = about.get("size")
    return int(size) if size is not None else None


def version_of(about: Mapping[str, Any]) -> str:
    """What changes when a file does; nothing where the store states only its size."""
    told = sorted((word, str(about[word])) for word in _VERSION_WORDS if about.get(word) is not None)
    return f"{about.get('name')} {about.get('size')} {told}" if told else ""


@contextmanager
def told(address: str, doing: str, invalid: type[JobInvalid]) -> Iterator[None]:
    """What a store's client raises becomes `invalid`, naming the address and the package to install."""
    try:
        yield
    except (JobInvalid, Cancelled):
        raise
    except ImportError as error:
        raise invalid(f"{hidden(address)}: {scrubbed(str(error), address)}{_install(address)}") from None
    except Exception as error:  # every store's client has exceptions of its own
        said = scrubbed(str(error), address)
        raise invalid(f"{hidden(address)}: {doing}: {type(error).__name__}: {said}") from None


def _install(address: str) -> str:
    client = _CLIENTS.get(re.split("::|:", address, maxsplit=1)[0])
    return f"\n    fix: {install(EXTRA, client)}" if client else ""


def opened(address: str, doing: str, invalid: type[JobInvalid], *, anew: bool = False) -> Store:
    """The store that an address is in. Raises `invalid`: no fsspec, no client for this store, no way in.

    `anew` makes another client where fsspec has kept one: it may have lost its connection.
    """
    with told(address, doing, invalid):
        return _opened(address, invalid, anew=anew)


def _opened(address: str, invalid: type[JobInvalid], *, anew: bool) -> Store:
    try:
        import_module("fsspec")
        core = import_module("fsspec.core")
    except ImportError:
        raise invalid(f"{hidden(address)}: this kind of address needs fsspec: {install(EXTRA)}") from None
    system, root = core.url_to_fs(address, **({"skip_instance_cache": True} if anew else {}))
    if not _OPENED:
        atexit.register(_hang_up)
    _OPENED.append(weakref.ref(system))
    return Store(system, root, hidden(address))


def _hang_up() -> None:
    """End connections of FTP: their client does it when it is collected, which is at the end of the process, when half
    of Python is gone and it cannot any more, and Python writes so on the user's terminal."""
    for system in (made() for made in _OPENED):
        if connection := getattr(system, "ftp", None):
            with suppress(Exception):
                connection.close()


def _of_this_thread(address: str, invalid: type[JobInvalid], *, anew: bool) -> Store:
    mine = _MINE.__dict__.setdefault("stores", {})
    if anew or address not in mine:
        mine.pop(address, None)
        mine[address] = _opened(address, invalid, anew=anew)
    store: Store = mine[address]
    return store


def patiently(
    address: str, doing: str, invalid: type[JobInvalid], transfer: Transfer, work: Callable[[Store], Any]
) -> Any:
    """What `work` returns, in a few tries: a store that is busy or gone may be back. Raises as `told` does.

    Each thread has a client of its own: many of them are one connection that two must not use at once.
    """
    for number in range(1, _TRIES + 1):
        with told(address, doing, invalid):
            is_open = False
            try:
                store = _of_this_thread(address, invalid, anew=number > 1)
                is_open = True
                return work(store)
            except (JobInvalid, Cancelled, *_LASTING):
                raise
            except Exception as error:
                passes = is_open or isinstance(error, OSError | EOFError)  # not a login that is refused
                if number == _TRIES or not passes:
                    raise
        until = time.monotonic() + _PAUSE * number
        while time.monotonic() < until:
            transfer.pause()
    raise AssertionError("the last try returns or raises")


def counting(transfer: Transfer, *, counts: bool) -> Any:
    """What fsspec calls while bytes move: counts them if asked to, and ends what was stopped."""

    class Counting(import_module("fsspec.callbacks").Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            transfer.check()
            transfer.rising += inc if counts else 0

    return Counting()
