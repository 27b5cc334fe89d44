"""Fetches an input from a URL, once, into a folder that is passed in. A file there is whole or not there."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from bep.runner.errors import InputsInvalid

_SECONDS = 60


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
            with temporary.open("wb") as file:
                _download(url, file)
        elif parts.scheme == "file":
            return Path(unquote(parts.path))
        else:
            _copy_by_fsspec(url, temporary)
        temporary.rename(target)
    except OSError as error:
        raise InputsInvalid(f"{_shown(url)}: cannot be fetched: {error}") from error
    finally:
        _remove(temporary)
    return target


def _remove(temporary: Path) -> None:
    if temporary.is_dir():
        shutil.rmtree(temporary, ignore_errors=True)
    temporary.unlink(missing_ok=True)


def _download(url: str, file: BinaryIO) -> None:
    import urllib.error
    import urllib.request

    try:
        opened = urllib.request.urlopen(url, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"the server answers {error.code} {error.reason}") from None
    with opened as answer:
        expected = answer.headers.get("Content-Length")
        while block := answer.read(1 << 20):
            file.write(block)
    if expected is not None and file.tell() != int(expected):
        raise OSError(f"{file.tell()} of {expected} bytes arrived")
    file.flush()
    os.fsync(file.fileno())


def _copy_by_fsspec(url: str, target: Path) -> None:
    try:
        import fsspec  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise InputsInvalid(f"{_shown(url)}: this kind of address needs fsspec: pip install 'bep[fsspec]'") from None
    try:
        system, path = fsspec.core.url_to_fs(url)
        if not system.exists(path):
            raise InputsInvalid(f"{_shown(url)}: no such file or folder")
        system.get(path, str(target), recursive=system.isdir(path))
    except InputsInvalid:
        raise
    except Exception as error:  # every store's client has exceptions of its own
        raise InputsInvalid(f"{_shown(url)}: cannot be fetched: {type(error).__name__}: {error}") from error


def _shown(url: str) -> str:
    """The URL without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
