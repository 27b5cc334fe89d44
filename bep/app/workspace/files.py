"""The workspace's files as the schemas ask for them. Changes none of them; knows no kind and no spec."""

import os
from collections.abc import Sequence
from pathlib import Path

from bep.app.workspace.watching import Step, looking_at
from bep.disk.known_digests import KnownDigests, place_for
from bep.disk.listing import Listing, listing, plain_bytes
from bep.schemas.content import Unfit, UnfitFile, digest_of_files
from bep.schemas.resource import Content
from bep.schemas.specs.documents.choosing import STANDARD_INPUT

_MADE_UP = ("proc", "sys", "dev")


class WorkspaceFiles:
    """Read access below `root`; a path may also be absolute. One digest is computed once a process.

    `standard_input` is what stands in the file called `-`, if something was piped.
    """

    def __init__(self, root: Path, standard_input: bytes | None = None) -> None:
        self.root = root
        self._standard_input = standard_input
        self._contents: dict[str, Content] = {}
        self._digests = KnownDigests(place_for(root, os.environ))

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
        """What matches below the root and is no folder, sorted, with `/` between parts. To read it may be refused."""
        return sorted(file.relative_to(self.root).as_posix() for file in self.root.glob(pattern) if not file.is_dir())

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
            _insist_on_files_of_a_disk(source)
            with looking_at(path) as step:
                files, found = self._looked_through(source, step)
            self._contents[path] = Content(
                local=path,
                sha256=digest_of_files(files),
                files=files,
                source=os.fspath(source),
                left_out=tuple(found.secrets),
            )
        return self._contents[path]

    def _looked_through(self, source: Path, step: Step) -> tuple[dict[str, str], Listing]:
        """The digests of what travels of a file or folder. Raises `Unfit`."""
        found = listing(source, lambda: step(0))
        files, unread = {}, []
        for name, file in found.files.items():
            try:
                files[name] = self._digests.digest(file, step)
            except OSError as error:
                fix = "Allow it, or name it in .amlignore."
                unread.append(UnfitFile(name, f"cannot be read: {error.strerror}", fix))
        self._digests.keep()
        if unread:
            raise Unfit(unread)
        return files, found


def _insist_on_files_of_a_disk(source: Path) -> None:
    """Raise `Unfit` for all that this machine has, and for what the system only makes up while it is read."""
    if source.parent == source:
        raise Unfit([UnfitFile("", "is the whole machine", "Name the folder with the files that are meant.")])
    if source.parts[1] in _MADE_UP and (source.is_dir() or source.is_file()):
        what = f"is in /{source.parts[1]}, which holds no files on a disk"
        raise Unfit([UnfitFile("", what, "Name a file or a folder on a disk.")])
