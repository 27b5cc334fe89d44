"""What is asked of a store: one question each, of clients that answer in their own ways. Knows no share."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bep.runner.transfer.stores import Store

_BLOCK: Final = 1 << 20


def place_of(store: Store, name: str) -> str:
    """Where a name below the store's address is, for its client; an empty name is the folder itself."""
    root: str = store.root.rstrip("/")
    return f"{root}/{name}" if name else root or store.root


def about(store: Store, place: str) -> Mapping[str, Any] | None:
    """What the store says of a file now; None where there is none."""
    store.system.invalidate_cache()
    try:
        found: Mapping[str, Any] = store.system.info(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found


def is_file(found: Mapping[str, Any] | None) -> bool:
    """Whether what a store says of something is said of a file."""
    return found is not None and found.get("type") != "directory"


def kept(store: Store, place: str, work: Callable[[], bytes | None]) -> bytes | None:
    """What `work` reads of a file; None where there is none. Some clients say so of any error: they are asked again."""
    try:
        return work()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        if is_file(about(store, place)):
            raise OSError(f"it is there and cannot be read: {error}") from error
        return None


def part_of(store: Store, place: str, start: int, length: int | None) -> bytes:
    """So many bytes of a file from `start` on, all where `length` is None, fewer where it ends."""
    end = None if length is None else start + length
    try:
        found: bytes = store.system.cat_file(place, start=start or None, end=end)
    except NotImplementedError:
        return _skipped(store, place, start, length)
    return found[start:end] if length is not None and len(found) > length else found  # some give all, whatever is asked


def _skipped(store: Store, place: str, start: int, length: int | None) -> bytes:
    """A range of a file that can only be read from its beginning, a block at a time."""
    with store.system.open(place, "rb") as file:
        left = start
        while left and (block := file.read(min(left, _BLOCK))):
            left -= len(block)
        found: bytes = file.read() if length is None else file.read(length)
        return found


def below(store: Store, folder: str, before: str = "") -> Iterator[tuple[str, int]]:
    """Name, after `before`, and size of every file below a folder."""
    for name, found in entries(store, folder):
        if found.get("type") == "directory":
            yield from below(store, f"{folder.rstrip('/')}/{name}", f"{before}{name}/")
        elif found.get("type", "file") == "file":
            yield before + name, int(found.get("size") or 0)


def entries(store: Store, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is directly in a folder, by name. Not by `find`, which takes a server that is gone for an empty folder.

    Nor is a client believed at once that there is nothing: that of FTP says so of a folder that it failed to list.
    """
    try:
        found = store.system.ls(folder, detail=True)
        if not found:
            store.system.invalidate_cache()
            found = store.system.ls(folder, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return
    itself = folder.strip("/")
    for one in found:
        path = str(one["name"]).strip("/")
        if path != itself:  # some list a folder, or a file, as in itself
            yield path.rpartition("/")[2], one
