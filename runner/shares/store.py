"""A share that is a folder of a store: whatever fsspec has a client for that writes. Knows no job.

A file is written to its own name, for many stores give no other; what a store has under it is compared with what was
sent. Each thread has a client of its own, as everywhere here.
"""

import errno
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from bep.disk.refusal import FULL, naming
from bep.lazy_dataclasses import dataclass, field
from bep.runner.errors import ShareRefused
from bep.runner.shares import asking
from bep.runner.shares.names import checked, checked_folder, missing
from bep.runner.transfer import stores
from bep.runner.transfer.addresses import hidden
from bep.runner.transfer.stores import Store
from bep.runner.transfer.transfers import Transfer

_HERE: Final = (*FULL, errno.EFBIG, errno.EROFS)


@dataclass(frozen=True, slots=True)
class StoreShare:
    """`made` are folders that are known to be there."""

    url: str = field(repr=False)
    made: set[str] = field(default_factory=set, repr=False)
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def address(self) -> str:
        """The address without its secrets."""
        return hidden(self.url)

    @property
    def root(self) -> Path | None:
        """A store is at no path."""
        return None

    def put(self, name: str, content: bytes | Path) -> None:
        """As `Share.put`. Raises `OSError` where the file to send cannot be read."""
        checked(name)
        size = len(content) if isinstance(content, bytes) else content.stat().st_size

        def once(store: Store) -> None:
            place = asking.place_of(store, name)
            self._make_folder(store, place.rpartition("/")[0])
            try:
                _send(store, place, content)
            except BaseException:
                with self.lock:
                    self.made.clear()  # somebody may have removed the folder
                raise
            found = asking.about(store, place)
            if found is None or found.get("size") not in (None, size):
                raise OSError(f"{found.get('size') if found else 'none'} of {size} bytes are there after it was sent")

        self._ask(f"{name} cannot be written", once)

    def _make_folder(self, store: Store, folder: str) -> None:
        if folder and folder not in self.made:
            if not store.system.exists(folder):
                with suppress(FileExistsError):  # another machine was faster
                    store.system.makedirs(folder, exist_ok=True)
            with self.lock:
                self.made.add(folder)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """As `Share.read`."""
        checked(name)
        if length == 0:
            return b""

        def once(store: Store) -> bytes | None:
            store.system.invalidate_cache()
            place = asking.place_of(store, name)
            found = asking.kept(store, place, lambda: asking.part_of(store, place, start, length))
            is_there = found or asking.is_file(asking.about(store, place))  # some read a folder as an empty file
            return found if is_there else None

        found = self._ask(f"{name} cannot be read", once)
        if found is None:
            raise missing(self.address, name)
        content: bytes = found
        return content

    def get(self, name: str, target: Path) -> None:
        """As `Share.get`."""
        checked(name)
        temporary = target.with_name(f".{secrets.token_hex(8)}.partial")

        def once(store: Store) -> bool | OSError | None:
            place = asking.place_of(store, name)
            found = asking.about(store, place)
            if found is None or not asking.is_file(found):
                return None
            try:
                temporary.touch(0o600)
                asking.kept(store, place, lambda: store.system.get_file(place, str(temporary)))
            except OSError as error:
                if error.errno in _HERE or error.filename == str(temporary):
                    return error  # this machine's fault: not tried again, and not told as the store's
                raise
            there = temporary.stat().st_size
            if found.get("size") not in (None, there):
                raise OSError(f"{there} of {found['size']} bytes came")
            return True

        try:
            with naming(target):
                came = self._ask(f"{name} cannot be fetched", once)
                if isinstance(came, OSError):
                    raise OSError(came.errno, came.strerror, str(target)) from came
                if came is None:
                    raise missing(self.address, name)
                temporary.replace(target)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def listed(self, folder: str) -> Mapping[str, int]:
        """As `Share.listed`."""
        checked_folder(folder)

        def once(store: Store) -> dict[str, int]:
            store.system.invalidate_cache()
            return dict(asking.below(store, asking.place_of(store, folder)))

        found: dict[str, int] = self._ask(f"{folder or 'it'} cannot be listed", once)
        return found

    def folders(self, folder: str) -> tuple[str, ...]:
        """As `Share.folders`."""
        checked_folder(folder)

        def once(store: Store) -> tuple[str, ...]:
            store.system.invalidate_cache()
            entries = asking.entries(store, asking.place_of(store, folder))
            return tuple(sorted(name for name, about in entries if about.get("type") == "directory"))

        found: tuple[str, ...] = self._ask(f"{folder or 'it'} cannot be listed", once)
        return found

    def remove(self, name: str) -> None:
        """As `Share.remove`."""
        checked(name)

        def once(store: Store) -> None:
            place = asking.place_of(store, name)
            try:
                store.system.rm_file(place)
            except Exception:  # every client says in its own way that there is none
                if asking.about(store, place) is not None:
                    raise

        self._ask(f"{name} cannot be removed", once)

    def look(self) -> None:
        """Ask the store for the names in the folder, whatever they are. Raises `ShareRefused`."""

        def once(store: Store) -> None:
            store.system.invalidate_cache()
            next(asking.entries(store, asking.place_of(store, "")), None)

        self._ask("it cannot be opened", once)

    def _ask(self, doing: str, work: Callable[[Store], Any]) -> Any:
        return stores.patiently(self.url, doing, ShareRefused, Transfer(lambda _: None), work)


def opened(url: str) -> StoreShare:
    """The share at this address. Raises `ShareRefused`: no client for it, no way in."""
    share = StoreShare(url)
    share.look()
    return share


def _send(store: Store, place: str, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        store.system.pipe_file(place, content)
    else:
        store.system.put_file(str(content), place)
