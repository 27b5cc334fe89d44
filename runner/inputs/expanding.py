"""What a job scores: paths, globs, lists and URLs -> the names of files, in order. Opens no file of the user's."""

import glob
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bep.runner.errors import InputsInvalid
from bep.runner.transfer.addresses import has_hidden, hidden, is_address
from bep.runner.transfer.transfers import Board

_WILD = frozenset("*?[")


def expand(
    inputs: Iterable[str],
    downloads: Path,
    board: Board | None = None,
    most: int | None = None,
    kind: str = "",
    note: Callable[[Mapping[str, Path]], None] = lambda _: None,
    place: Path | None = None,
) -> Iterator[bytes]:
    """Absolute paths of every file, in the file system's bytes: the inputs in their order, each sorted by path.

    Folders are listed recursively with hidden and empty files. What is stored elsewhere is fetched into `downloads`
    first, `most` files of each at most, each address a file or a folder where `kind` says which. Raises
    `InputsInvalid` as soon as something is missing, is no file or folder, or turns in a circle, and `Cancelled` when
    the board says so. What is fetched is copied below `place`; `note` hears where each address is now, before the first
    file is named.
    """
    texts = [without_scheme(text) for text in inputs][:most]  # each has a file at least
    here = _brought(
        [text for text in texts if is_address(text)],
        downloads,
        place or downloads / "given",
        board or Board(),
        most,
        kind,
    )
    note(here)
    for text in texts:
        found = False
        for block in _local(os.fsencode(here[text])) if text in here else _one(text):
            found = found or bool(block)
            yield from block
        if not found:
            raise InputsInvalid(f"{hidden(text)}: no files there")


def without_scheme(text: str) -> str:
    """The path of a `file:` address, which is read where it is."""
    return unquote(urlsplit(text.replace("?", "%3F")).path) if text.startswith("file://") else text


def _brought(
    addresses: list[str], downloads: Path, place: Path, board: Board, most: int | None, kind: str
) -> Mapping[str, Path]:
    if not addresses:
        return {}
    redacted = [address for address in addresses if has_hidden(address)]
    if redacted:
        raise InputsInvalid(
            f"{', '.join(redacted)}: the job's record keeps no secret of an address, and its inputs were not listed "
            "yet: run the job anew; nothing was scored"
        )
    from bep.runner.transfer import downloading

    return downloading.give(addresses, downloads, place, board, most, kind)


def trouble_at_a_glance(text: str) -> str:
    """Why a local input cannot be scored, as far as its name and its first file tell; nothing where it may be.

    What lies deeper is found when the input is listed.
    """
    path = without_scheme(text)
    try:
        if os.path.lexists(path) or not _WILD.intersection(path):
            return _trouble(os.fsencode(Path(path).absolute()))
        return next((_trouble(os.fsencode(match)) for match in _matches(path)), f"{text}: no files there")
    except OSError as error:
        return f"{text}: cannot be listed: {error.strerror}"


def _trouble(path: bytes) -> str:
    name = os.fsdecode(path)
    if os.path.isdir(path):  # noqa: PTH112
        return "" if _has_an_entry(path) else f"{name}: no files there"
    if not os.path.isfile(path):  # noqa: PTH113
        return f"{name}: {_what_is_wrong(path)}"
    return "" if os.access(path, os.R_OK) else f"{name}: cannot be read: Permission denied"


def _has_an_entry(folder: bytes) -> bool:
    """Whether a folder has a file somewhere below it, or what is no folder."""
    below = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                return True
            below.append(entry.path)
    return any(_has_an_entry(one) for one in below)


def at_least(inputs: Iterable[str], most: int) -> int:
    """How many files there surely are, counted up to `most` at a glance: what is missing or remote counts nothing."""
    found = 0
    for text in inputs:
        with suppress(OSError):
            if os.path.isdir(text):  # noqa: PTH112 - a URL is no path
                with os.scandir(text) as entries:
                    found += sum(entry.is_file() for entry in islice(entries, most - found))
            elif os.path.isfile(text):  # noqa: PTH113
                found += 1
        if found >= most:
            break
    return found


def _one(text: str) -> Iterator[Sequence[bytes]]:
    """Names in blocks: to pass each on from hand to hand would take as long as to list it."""
    if os.path.lexists(text) or not _WILD.intersection(text):
        yield from _local(os.fsencode(Path(text).absolute()))
    else:
        for match in sorted(map(os.fsencode, _matches(text))):
            yield from _local(match)


def _matches(pattern: str) -> Iterator[str]:
    """Absolute paths that a glob names; a folder only where the pattern does not go on below it by itself."""
    below = pattern.endswith("**")
    slash = "/" if pattern.endswith("/") else ""
    plain = str(Path(pattern))  # without what would make two paths of one: ./ and //
    here = "" if plain.startswith("/") else f"{Path.cwd()}/"
    for name in glob.iglob(plain + slash, recursive=True, include_hidden=True):  # noqa: PTH207 - Path has no hidden files
        if not (below and os.path.isdir(name)):  # noqa: PTH112 - a hundred thousand of them
            yield here + name.removesuffix(slash or "\0")


def _local(path: bytes) -> Iterator[Sequence[bytes]]:
    if os.path.isdir(path):  # noqa: PTH112 - bytes: a name need not be text
        yield from _folder(path, ())
    elif os.path.isfile(path):  # noqa: PTH113
        yield (path,)
    else:
        raise InputsInvalid(f"{os.fsdecode(path)}: {_what_is_wrong(path)}")


def _folder(path: bytes, inside: tuple[tuple[int, int], ...]) -> Iterator[Sequence[bytes]]:
    """Every file below a folder, in the order of whole paths. `inside` are the folders that it stands in."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        raise InputsInvalid(f"{os.fsdecode(path)}: cannot be listed: {error.strerror}") from error
    this = (status.st_dev, status.st_ino)
    if this in inside:
        raise InputsInvalid(f"{os.fsdecode(path)}: a symbolic link to one of its own parent folders; remove it")
    names, folders = _entries(path)
    prefix = path.rstrip(b"/") + b"/"
    start = 0
    for folder in folders:
        position = bisect_left(names, folder, start)
        yield [prefix + name for name in names[start:position]]
        yield from _folder(prefix + folder[:-1], (*inside, this))
        start = position
    yield [prefix + name for name in names[start:]]


def _entries(path: bytes) -> tuple[list[bytes], list[bytes]]:
    """The names of the files and of the folders in a folder, sorted; a folder's ends with a slash, and so sorts as what
    is in it."""
    files, folders = [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_file():
                    files.append(entry.name)
                elif entry.is_dir():
                    folders.append(entry.name + b"/")
                else:
                    raise InputsInvalid(f"{os.fsdecode(entry.path)}: {_what_is_wrong(entry.path)}")
    except OSError as error:
        raise InputsInvalid(f"{os.fsdecode(path)}: cannot be listed: {error.strerror}") from error
    files.sort()
    folders.sort()
    return files, folders


def _what_is_wrong(path: bytes) -> str:
    if os.path.islink(path):  # noqa: PTH114
        return f"a symbolic link to {os.fsdecode(os.readlink(path))}, which does not exist"  # noqa: PTH115
    if os.path.lexists(path):
        return "neither a file nor a folder"
    parent = os.path.dirname(path)  # noqa: PTH120
    while not os.path.isdir(parent):  # noqa: PTH112
        parent = os.path.dirname(parent)  # noqa: PTH120
    return f"no such file or folder; {os.fsdecode(parent)} exists"
