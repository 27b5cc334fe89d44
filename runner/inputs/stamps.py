"""What each input was like when the job was listed: its size and its time. Reads no byte of any input.

`manifest.stamps` begins with its own name, then has 16 bytes an item, in the manifest's order: size in bytes, and time
of the last change in nanoseconds, as unsigned 64-bit little-endian numbers; all ones where there was no such file. It
is written beside the scoring, in order, so a killed runner leaves the first so many; the next one writes the rest.
"""

import os
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import InputsInvalid
from bep.runner.folder.folder import JobFolder
from bep.runner.inputs import expanding
from bep.runner.inputs.manifest import Manifest
from bep.runner.transfer.addresses import is_address

_BEGIN: Final = b"bep stamps 1\n"
_ONE: Final = struct.Struct("<QQ")
_ABSENT: Final = (2**64 - 1, 2**64 - 1)
_BLOCK: Final = 1024  # items
_SHOWN: Final = 10

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of inputs that are not as the job listed them: at most ten of each sort, and how many there are."""

    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    is_known: bool = True

    def __bool__(self) -> bool:
        return any(self.counts)

    def __str__(self) -> str:
        """`2 changed: a.txt, b.txt; 1 removed: c.txt`."""
        said = []
        for word, names, count in zip(("changed", "removed", "added"), self._sorts, self.counts, strict=True):
            if count:
                more = f" and {count - len(names)} more" if count > len(names) else ""
                said.append(f"{count} {word}: {', '.join(names)}{more}")
        return "; ".join(said)

    @property
    def _sorts(self) -> tuple[tuple[str, ...], ...]:
        return self.changed, self.removed, self.added


class Stamping:
    """Writes the stamps of a job's inputs in a thread of its own, from the first that is not written yet."""

    def __init__(self, folder: JobFolder, listed: Manifest) -> None:
        self._path = folder.stamps
        self._listed = listed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, name="stamps", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        with suppress(OSError):  # a full disk ends the job where rows are written; without stamps a resume says so
            begun = written(self._path)
            with self._path.open("r+b" if begun else "wb") as file:
                if not begun:
                    file.write(_BEGIN)
                file.seek(len(_BEGIN) + begun * _ONE.size)
                file.truncate()
                names = islice(_names(self._listed), begun, None)
                while not self._stop.is_set() and (block := list(islice(names, _BLOCK))):
                    file.write(b"".join(_ONE.pack(*stamp_of(name)) for name in block))
                file.flush()
                os.fsync(file.fileno())

    def close(self, *, wait: bool) -> None:
        """End it; `wait` until every input has its stamp."""
        if not wait:
            self._stop.set()
        self._thread.join()


def written(path: Path) -> int:
    """How many stamps a file has; 0 for one that is not there or is something else."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_BEGIN)) == _BEGIN
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return 0
    return (size - len(_BEGIN)) // _ONE.size if begins else 0


def stamp_of(name: bytes) -> Stamp:
    """Size and time of a file now."""
    try:
        status = os.stat(name)  # noqa: PTH116 - bytes: a name need not be text
    except OSError:
        return _ABSENT
    return status.st_size, status.st_mtime_ns


def _touched(name: bytes) -> int:
    """When a file or what is said of it last changed, in nanoseconds: this time can be set back by nobody."""
    try:
        return os.stat(name).st_ctime_ns  # noqa: PTH116 - bytes: a name need not be text
    except OSError:
        return _ABSENT[1]


def compare(folder: JobFolder, listed: Manifest, texts: Sequence[str]) -> Changes:
    """What of a job's inputs is another than when it was listed; `texts` are the inputs as the job has them.

    Inputs that the job fetched are its own copies: they are compared, and their addresses are not asked again.
    Those that it is given copies of are known by their digests: they are gone now, and come again as they were.
    Those that a killed runner had not noted yet count as changed where they were touched after the list was written.
    """
    if not folder.stamps.exists():
        return Changes(is_known=False)
    given = f"{folder.assets}/"
    own = os.fsencode(given)
    changed, removed = _Named(), _Named()
    written = folder.index.stat().st_mtime_ns
    for name, before in zip_longest(islice(_names(listed), listed.items), _stamps(folder.stamps)):
        if name is None:
            break
        now = stamp_of(name)
        if name.startswith(own) or now == before:
            continue
        if now == _ABSENT:
            removed.add(name)
        elif before is not None or _touched(name) > written:
            changed.add(name)
    added, missing = _listed_now(listed, [text for text in texts if not text.startswith(given)], own)
    for name in missing:
        removed.add(name)
    first, second, third = (listed.shown(names.shown) for names in (changed, removed, added))
    return Changes(first, second, third, (len(changed.names), len(removed.names), len(added.names)))


class _Named:
    def __init__(self) -> None:
        self.names: dict[bytes, None] = {}

    def add(self, name: bytes) -> None:
        self.names[name] = None

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(os.fsdecode(name) for name in islice(self.names, _SHOWN))


def _listed_now(listed: Manifest, texts: Sequence[str], own: bytes) -> tuple[_Named, Iterable[bytes]]:
    """The inputs that were not listed, and those that are no more; a list that is the same is not held."""
    added = _Named()
    if any(is_address(text) and not text.startswith("file://") for text in texts):
        return added, ()
    try:
        digest = sha256()
        for name in expanding.expand(texts, Path(os.devnull)):
            digest.update(name + b"\0")
        if digest.hexdigest() == listed.digest:
            return added, ()
        now = set(expanding.expand(texts, Path(os.devnull)))
    except InputsInvalid:
        return added, ()  # what is gone has been found by its name
    before = {name for name in _names(listed) if not name.startswith(own)}
    for name in sorted(now - before):
        added.add(name)
    return added, sorted(before - now)


def _names(listed: Manifest) -> Iterator[bytes]:
    """Every item, read in blocks."""
    rest = b""
    with listed.path.open("rb") as file:
        while block := file.read(1 << 20):
            *whole, rest = (rest + block).split(b"\0")
            yield from whole


def _stamps(path: Path) -> Iterator[Stamp]:
    with path.open("rb") as file:
        if file.read(len(_BEGIN)) != _BEGIN:
            return
        while block := file.read(_ONE.size * _BLOCK):
            yield from _ONE.iter_unpack(block[: len(block) // _ONE.size * _ONE.size])
