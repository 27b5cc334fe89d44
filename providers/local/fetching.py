"""Copies of what lies behind an fsspec URL, whole and reused while the listing is the same. Knows one URL at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from bep.planner.canonical import digest_of
from bep.providers.local.folders import publish, unfinished
from bep.providers.protocol import ProviderError


def fetched(uri: str, url: str, folder: Path) -> Path:
    """The local copy of a file or folder. A changed size, time or etag of any file makes a new copy.

    Raises `ProviderError` naming the package to install when fsspec, or what it needs for this URL, is missing.
    """
    with _read(uri, url):
        return _copied(*_listing(uri, url), folder)


def listed(uri: str, url: str) -> list[str]:
    """The names of the files there, as `fetched` would copy them; none is opened. Raises `ProviderError` as it does."""
    with _read(uri, url):
        return sorted(_listing(uri, url)[2])


def _listing(uri: str, url: str) -> tuple[Any, str, dict[str, dict[str, Any]]]:
    """The store, the path in it, and what is known of each file there."""
    try:
        fsspec = import_module("fsspec")
    except ImportError as error:
        message = f"reading {url} needs fsspec: pip install fsspec"
        raise ProviderError(uri, "locate", message, code="MissingPackage") from error
    system, root = fsspec.core.url_to_fs(url)
    found = system.find(root, detail=True)
    if not found:
        raise FileNotFoundError(f"nothing is at {url}")
    return system, root.rstrip("/"), found


@contextmanager
def _read(uri: str, url: str) -> Iterator[None]:
    """What a store's client raises, said as every trouble of a provider is."""
    try:
        yield
    except ImportError as error:
        raise ProviderError(uri, "locate", f"reading {url}: {error}", code="MissingPackage") from error
    except (OSError, ValueError) as error:
        raise ProviderError(uri, "locate", f"reading {url}: {error}", code="Storage", retryable=True) from error


def _copied(system: Any, root: str, found: dict[str, dict[str, Any]], folder: Path) -> Path:
    listing = {path: [str(about.get(word)) for word in _VERSION_WORDS] for path, about in sorted(found.items())}
    alone = list(found) == [root]
    copy = folder / digest_of([str(system.protocol), listing])[7:39]
    if not copy.is_dir():
        with unfinished(folder) as new:
            for path in found:
                name = PurePosixPath(path).name if alone else path.removeprefix(root).lstrip("/")
                if ".." in PurePosixPath(name).parts:
                    raise ValueError(f"{path} has '..' in its name")
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                system.get_file(path, str(new / name))
            publish(new, copy)
    return copy / PurePosixPath(root).name if alone else copy


_VERSION_WORDS = ("size", "mtime", "created", "etag", "ETag", "LastModified", "last_modified", "content_md5")
