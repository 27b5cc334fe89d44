"""Where a job's fetched inputs came from: the address of each copy, its secrets hidden. Opens no input, fetches none.

`manifest.origins` is JSON: for each address, the folder that its copies lie in, what stands in the address before and
behind the name of a file, and how names are written there.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from bep.disk.durable import write_durably
from bep.lazy_patterns import lazy_pattern
from bep.runner.transfer.addresses import base_of, hidden, is_web

_WILD = lazy_pattern(r"[*?\[]")
_Origin = tuple[str, str, str]


def write(path: Path, here: Mapping[str, Path]) -> None:
    """Note the addresses of what was fetched, durably; `here` has the file or folder that each one is now."""
    if not here:
        path.unlink(missing_ok=True)
        return
    rows = [_row(address, place) for address, place in here.items()]
    write_durably(path, json.dumps(rows).encode())


def _row(address: str, place: Path) -> tuple[str, str, str, str]:
    if not place.is_dir():
        return str(place.parent), hidden(address), "", "file"
    if is_web(address):
        return str(place), hidden(base_of(address)), "?***" if urlsplit(address).query else "", "web"
    head, chained, rest = address.partition("::")
    plain, *wild = _WILD.split(head, maxsplit=1)
    front = plain.rpartition("/")[0] if wild else plain.rstrip("/")
    return str(place), f"{hidden(front)}/", hidden(chained + rest), "store"


def addresses(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The items of a manifest as a person knows them: by address where they were fetched, else by path."""
    try:
        known = _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return tuple(names)  # nothing was fetched, or by an earlier bep, or nobody can say from where
    return tuple(_address(name, known) for name in names)


@lru_cache(maxsize=1)
def _read(path: Path, _: int) -> dict[str, _Origin]:
    return {folder: (front, back, kind) for folder, front, back, kind in json.loads(path.read_bytes())}


def _address(name: str, known: Mapping[str, _Origin]) -> str:
    length = len(next(iter(known), ""))  # the names of all folders of copies are of one length
    origin = known.get(name[:length])
    if origin is None or name[length : length + 1] != "/":
        return name
    front, back, kind = origin
    below = name[length + 1 :]
    told = quote(os.fsencode(below)) if kind == "web" else below
    return front if kind == "file" else f"{front}{told}{back}"
