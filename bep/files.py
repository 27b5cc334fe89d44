"""The workspace's files as the schemas ask for them. Reads, never writes; knows no kind and no spec."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bep.schemas.content import digest_of_files
from bep.schemas.resource import Content

ALWAYS_IGNORED = frozenset({"__pycache__", ".git", ".bep", ".DS_Store"})
"""Never part of a content: what tools leave behind when a user tries the script by hand."""

IGNORE_FILES = (".amlignore", ".gitignore")
"""The first that stands in the folder itself is honoured, as the az client does."""


class WorkspaceFiles:
    """Read access below `root`; a path may also be absolute. One digest is computed once a process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[str, Content] = {}

    def _at(self, path: str) -> Path:
        return self.root / path

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._at(path).read_bytes()

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return self._at(path).exists()

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
        """Digest of a file or folder. Raises `OSError` where it cannot be read."""
        if path not in self._contents:
            source = self._at(path).resolve(strict=True)
            files = {name: _sha256(file) for name, file in sorted(_listing(source))}
            self._contents[path] = Content(
                local=path, sha256=digest_of_files(files), files=files, source=os.fspath(source)
            )
        return self._contents[path]


def _listing(source: Path) -> Iterator[tuple[str, Path]]:
    if source.is_file():
        yield source.name, source
        return
    ignored = _ignored(source)
    for folder, names, files in os.walk(source, followlinks=False):
        names[:] = sorted(name for name in names if name not in ALWAYS_IGNORED)
        for name in sorted(files):
            file = Path(folder, name)
            relative = file.relative_to(source).as_posix()
            if name not in ALWAYS_IGNORED and not name.endswith(".pyc") and not ignored(relative):
                yield relative, file


def _ignored(folder: Path) -> Callable[[str], bool]:
    for name in IGNORE_FILES:
        rules = folder / name
        if rules.is_file():
            import pathspec

            return pathspec.GitIgnoreSpec.from_lines(rules.read_text().splitlines()).match_file
    return lambda _: False


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
