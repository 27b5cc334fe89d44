"""Which addresses the cache has copies of, and how those of one go. Fetches nothing; knows addresses by their keys."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bep.disk.locks import taken
from bep.lazy_patterns import lazy_pattern
from bep.runner.transfer.addresses import identity
from bep.runner.transfer.copies import GOING, digest_of

_KEY: Final = lazy_pattern(r"[0-9a-f]{32}")


class Cached(NamedTuple):
    """The copies of one address: the folder they are in, whose name is the address's key, and their bytes."""

    folder: Path
    size: int


def keys_of(address: str) -> tuple[str, ...]:
    """The keys that an address may have: as a file, and as a folder."""
    return digest_of(identity(address)), digest_of(f"{identity(address)}/")


def cached(downloads: Path) -> Iterator[Cached]:
    """Every address that something was fetched from, as far as it is here still."""
    for folder in sorted(downloads.glob("*")):
        if _KEY.fullmatch(folder.name):
            files = [file for file in folder.rglob("*") if file.name != "lock" and not file.is_dir()]
            if files:
                seen = {(status.st_dev, status.st_ino): status.st_size for status in (file.lstat() for file in files)}
                yield Cached(folder, sum(seen.values()))


def forget(one: Cached) -> bool:
    """Remove the copies; False where somebody is fetching them. A kill leaves fewer of them, each whole.

    The lock and the folders stay: who waits for the lock must not get another. Raises `OSError`.
    """
    with taken(one.folder / "lock") as is_ours:
        if not is_ours:
            return False
        (one.folder / "latest.json").unlink(missing_ok=True)
        for tree in (one.folder / "trees").glob("*"):
            if tree.suffix != GOING:  # a kill leaves what the next to fetch removes
                tree = tree.rename(tree.with_name(f"{tree.name}{GOING}"))
            shutil.rmtree(tree)
        for file in (one.folder / "files").glob("*"):
            file.unlink(missing_ok=True)
        return True
