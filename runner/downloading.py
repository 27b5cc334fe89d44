"""Fetches an input from a URL, once, into a folder that is passed in. A file there is whole or not there."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from bep.runner.errors import InputsInvalid
from bep.runner.folder import sync_folder

_SECONDS = 60  # without a byte
_TRIES = 3
_PAUSE = 0.2  # seconds before the second try, and twice that before the third
_BUSY = (408, 425, 429)


class _Passing(Exception):
    """The server or the way to it failed; it may not the next time."""


def fetch(url: str, downloads: Path) -> Path:
    """The local path of what the URL names. A file that is there already is not fetched again.

    `https` and `http` need nothing; every other scheme goes to fsspec, if it is installed. Raises `InputsInvalid`.
    """
    parts = urlsplit(url)
    folder = downloads / hashlib.sha256(url.encode()).hexdigest()[:16]
    target = folder / (Path(unquote(parts.path)).name or "input")
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}.part"
    try:
        if parts.scheme in ("http", "https"):
            _download(url, temporary)
        elif parts.scheme == "file":
            return Path(unquote(parts.path))
        else:
            _copy_by_fsspec(url, temporary)
        temporary.rename(target)
        sync_folder(folder)
    except OSError as error:
        if target.exists():  # another job has fetched the same meanwhile
            return target
        raise InputsInvalid(f"{_shown(url)}: cannot be fetched: {error}") from error
    finally:
        _remove(temporary)
    return target


def count(url: str) -> int:
    """How many files `fetch` would bring; none is opened. An http URL is one, and nobody is asked whether it is there.

    Raises `InputsInvalid` for a store that cannot be listed.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return 1
    with _listing(url) as (system, path):
        return len(system.find(path)) if system.isdir(path) else 1


def _remove(temporary: Path) -> None:
    if temporary.is_dir():
        shutil.rmtree(temporary, ignore_errors=True)
    temporary.unlink(missing_ok=True)


def _download(url: str, target: Path) -> None:
    """The whole answer, in a few tries; what the server refuses, such as 404, is not asked for again."""
    for number in range(1, _TRIES + 1):
        try:
            with target.open("wb") as file:
                _attempt(url, file)
            return
        except _Passing as error:
            if number == _TRIES:
                raise OSError(f"{error} ({_TRIES} attempts); try again later") from None
            time.sleep(_PAUSE * number)


def _attempt(url: str, file: BinaryIO) -> None:
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            expected = answer.headers.get("Content-Length")
            while block := answer.read(1 << 20):
                file.write(block)
    except urllib.error.HTTPError as error:
        error.close()
        refused = f"the server answers {error.code} {error.reason}"
        raise (_Passing if error.code >= 500 or error.code in _BUSY else OSError)(refused) from None
    except (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError) as error:
        raise _Passing(str(getattr(error, "reason", "") or error) or type(error).__name__) from None
    if expected is not None and file.tell() != int(expected):
        raise _Passing(f"{file.tell()} of {expected} bytes arrived")
    file.flush()
    os.fsync(file.fileno())


def _copy_by_fsspec(url: str, target: Path) -> None:
    with _listing(url) as (system, path):
        system.get(path, str(target), recursive=system.isdir(path))


@contextmanager
def _listing(url: str) -> Iterator[tuple[Any, str]]:
    """The store that a URL is of, and the path in it, which is there."""
    try:
        import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise InputsInvalid(f"{_shown(url)}: this kind of address needs fsspec: pip install 'bep[fsspec]'") from None
    try:
        system, path = fsspec.core.url_to_fs(url)
        if not system.exists(path):
            raise InputsInvalid(f"{_shown(url)}: no such file or folder")
        yield system, path
    except InputsInvalid:
        raise
    except Exception as error:  # every store's client has exceptions of its own
        raise InputsInvalid(f"{_shown(url)}: cannot be fetched: {type(error).__name__}: {error}") from error


def _shown(url: str) -> str:
    """The URL without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
