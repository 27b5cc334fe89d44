"""What a share is, and which kind a text means. Knows no job, and neither of the kinds.

A share is asked for no more than every store can do: there is no append, no lock, no creating only where nothing is,
no giving of another name. Whoever writes chooses names that nobody else can have.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from bep.runner.errors import ShareRefused
from bep.runner.transfer.addresses import has_hidden, hidden, is_address, is_web

_FOLDER: Final = "bep.runner.shares.folder"
_STORE: Final = "bep.runner.shares.store"
_FILES: Final = ("file://", "local://")


class Share(Protocol):
    """A folder or a store. Names are relative, with `/` between their steps. Any thread may call it.

    `address` is for messages, its secrets hidden; `root` is the folder, which all machines see at this path, and None
    for a store. Every method tries again what may pass, then raises `ShareRefused`.
    """

    @property
    def address(self) -> str: ...

    @property
    def root(self) -> Path | None: ...

    def put(self, name: str, content: bytes | Path) -> None:
        """Let these bytes, or those of this file, have the name: whole or not there, in the place of what has it.

        A store that cannot promise that leaves a file of fewer bytes when its writer is killed: `listed` shows it with
        its size.
        """
        ...

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of a file from `start` on, so many, fewer where it ends. Raises `NotShared`."""
        ...

    def get(self, name: str, target: Path) -> None:
        """Copy a file to this machine, whole or not there; the folder of `target` exists.

        It survives a kill, not a power cut: who needs that waits for the disk. Raises `NotShared`, and `OSError` where
        this machine cannot have the copy.
        """
        ...

    def listed(self, folder: str) -> Mapping[str, int]:
        """The size in bytes of every file below a folder, by its name from there on; nothing where there is none."""
        ...

    def folders(self, folder: str) -> tuple[str, ...]:
        """The names of the folders that are directly in a folder, sorted: what is below them is not looked at."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; no error where there is none."""
        ...


def share_at(text: str, base: Path) -> Share:
    """The share that a path, relative to `base`, a `file://` or an address of fsspec's means.

    A store is asked whether it can be reached. Raises `ShareRefused` for what is none, or cannot be opened.
    """
    if not is_address(text):
        return _folder(base / Path(text).expanduser())
    if text.startswith(_FILES):
        return _folder(Path(unquote(urlsplit(text.replace("?", "%3F").replace("#", "%23")).path)))
    said = hidden(text)
    if has_hidden(text):
        raise ShareRefused(f"{said}: its login was hidden where this was written down: give the address with its own")
    if is_web(text):
        raise ShareRefused(
            f"{said}: nothing can be written to a web address\n    fix: give a folder that all machines see, or a "
            "store's own address, such as s3://BUCKET/FOLDER or abfs://CONTAINER/FOLDER"
        )
    if "::" in text.partition("://")[0]:
        raise ShareRefused(f"{said}: a share is a folder of one store: give that store's address alone, without '::'")
    store: Share = import_module(_STORE).opened(text)
    return store


def _folder(path: Path) -> Share:
    folder: Share = import_module(_FOLDER).FolderShare(Path(os.path.abspath(path)))  # noqa: PTH100  # links stay
    return folder
