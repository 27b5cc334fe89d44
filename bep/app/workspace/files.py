"""The workspace's files as the schemas ask for them. Reads, never writes; knows no kind and no spec."""

import os
from collections.abc import Sequence
from pathlib import Path

from bep.disk.copying import digest
from bep.disk.listing import Listing, listing, plain_bytes
from bep.schemas.content import Unfit, UnfitFile, digest_of_files
from bep.schemas.resource import Content
from bep.schemas.specs.choosing import STANDARD_INPUT


class WorkspaceFiles:
    """Read access below `root`; a path may also be absolute. One digest is computed once a process.

    `standard_input` is what stands in the file called `-`, if something was piped.
    """

    def __init__(self, root: Path, standard_input: bytes | None = None) -> None:
        self.root = root
        self._standard_input = standard_input
        self._contents: dict[str, Content] = {}

    def _at(self, path: str) -> Path:
        return self.root / path

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `OSError`, for what is no plain file, too."""
        if self._standard_input is not None and path == STANDARD_INPUT:
            return self._standard_input
        return plain_bytes(self._at(path))

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return self._at(path).exists() or (self._standard_input is not None and path == STANDARD_INPUT)

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""
        return self._at(path).is_dir()

    def glob(self, pattern: str) -> Sequence[str]:
        """The files below the root that match, sorted, with `/` between parts."""
        return sorted(file.relative_to(self.root).as_posix() for file in self.root.glob(pattern) if file.is_file())

    def names(self, folder: str) -> Sequence[str]:
        """What stands directly in a folder; empty where there is none."""
        try:
            return sorted(os.listdir(self._at(folder)))  # noqa: PTH208 - names are wanted, not paths
        except OSError:
            return ()

    def content(self, path: str) -> Content:
        """Digest of a file or folder. Raises `Unfit` naming what of it cannot travel, `OSError` where nothing is."""
        if path not in self._contents:
            source = self._at(path).resolve(strict=True)
            found = listing(source)
            files = _digests(found)
            self._contents[path] = Content(
                local=path,
                sha256=digest_of_files(files),
                files=files,
                source=os.fspath(source),
                left_out=tuple(found.secrets),
            )
        return self._contents[path]


def _digests(found: Listing) -> dict[str, str]:
    files, unread = {}, []
    for name, file in found.files.items():
        try:
            files[name] = digest(file)
        except OSError as error:
            unread.append(UnfitFile(name, f"cannot be read: {error.strerror}", "Allow it, or name it in .amlignore."))
    if unread:
        raise Unfit(unread)
    return files
