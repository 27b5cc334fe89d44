"""Which files of a folder travel: all but those that a rule or the user leaves out. Reads names, and no byte of a file.

What is no plain file cannot travel: it is named, with the way out, and never opened.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.content import Unfit, UnfitFile, counts, holds_secrets

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

OVERRIDING: Final = ".amlignore"
"""The ignore file whose `!NAME` makes that travel which would not by default."""

IGNORE_FILES: Final = (OVERRIDING, ".gitignore")
"""The first that stands in the folder itself is honoured, as the az client does."""

_OR_NAME: Final = f"or name it in {OVERRIDING}"

_MOST: Final = 20  # files named before a folder is not looked through any further

_SORTS: Final = (
    (stat.S_ISFIFO, "a FIFO (a named pipe)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(slots=True)
class Listing:
    """The files that travel by their relative names, and the names of those left out that look like secrets."""

    files: dict[str, Path] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


def listing(source: Path, step: Callable[[], None] = lambda: None) -> Listing:
    """The files of a folder, or the one file. Raises `Unfit` with what cannot travel, `OSError` where nothing is.

    `step` is called for each file.
    """
    status = source.stat()
    if stat.S_ISREG(status.st_mode):
        return Listing({source.name: source})
    if not stat.S_ISDIR(status.st_mode):
        raise Unfit([UnfitFile("", f"is {sort_of(status.st_mode)}, not a file or a folder", "Check the path.")])
    walk = _Walk(source, step)
    walk.look_through(source)
    if walk.unfit:
        raise Unfit(sorted(walk.unfit))
    return Listing(dict(sorted(walk.found.files.items())), sorted(walk.found.secrets))


def sort_of(mode: int) -> str:
    """What a file is that is neither plain nor a folder, in words."""
    return next((words for is_one, words in _SORTS if is_one(mode)), "no plain file")


class _Walk:
    def __init__(self, source: Path, step: Callable[[], None]) -> None:
        self.found = Listing()
        self._step = step
        self.unfit: list[UnfitFile] = []
        self._root = os.path.realpath(source)
        self._rules = _Rules(source)

    def look_through(self, source: Path) -> None:
        folders = [(source, "")]
        while folders:
            folder, prefix = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    names = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._refuse(prefix.rstrip("/") or ".", f"cannot be listed: {error.strerror}", f"Allow it, {_OR_NAME}.")
                continue
            for entry in names:
                name = f"{prefix}{entry.name}"
                if not entry.is_dir(follow_symlinks=False):
                    self._file(entry, name)
                elif self._is_looked_into(f"{name}/"):
                    folders.append((Path(entry.path), f"{name}/"))

    def _is_looked_into(self, name: str) -> bool:
        if self._rules.has_exceptions:
            return True
        asked = self._rules.asked(name)
        if asked is None and holds_secrets(name):
            self.found.secrets.append(name)
        return counts(name) and not asked

    def _file(self, entry: "os.DirEntry[str]", name: str) -> None:
        self._step()
        asked = self._rules.asked(name)
        if asked is True or not (counts(name) or self._rules.means(name)):
            if asked is None and holds_secrets(name):
                self.found.secrets.append(name)
        elif entry.is_symlink():
            self._link(entry, name)
        elif entry.is_file(follow_symlinks=False):
            self.found.files[name] = Path(entry.path)
        else:
            words = sort_of(entry.stat(follow_symlinks=False).st_mode)
            self._refuse(name, f"is {words}, which cannot travel", f"Take it out, {_OR_NAME}.")

    def _link(self, entry: "os.DirEntry[str]", name: str) -> None:
        there = os.readlink(entry.path)  # noqa: PTH115
        try:
            mode = os.stat(entry.path).st_mode  # noqa: PTH116 - what the link leads to
        except OSError:
            text = f"is a link to {there}, which is not there"
            self._refuse(name, text, f"Put it there, remove the link, {_OR_NAME}.")
            return
        if stat.S_ISDIR(mode):
            text = f"is a link to the folder {there}, and what is in that would not travel"
            self._refuse(name, text, f"Put the folder itself there, {_OR_NAME}.")
        elif not stat.S_ISREG(mode):
            self._refuse(name, f"is a link to {there}, {sort_of(mode)}", f"Take it out, {_OR_NAME}.")
        elif self._stays(entry) or self._rules.means(name):
            self.found.files[name] = Path(entry.path)
        else:
            text = f"is a link that leaves the files that travel: to {there}"
            fix = f"Put a copy there, {_OR_NAME}; `!{name}` in {OVERRIDING} says that it is meant."
            self._refuse(name, text, fix)

    def _stays(self, entry: "os.DirEntry[str]") -> bool:
        """Whether a link leads to a file of this folder that travels itself: no other name makes a secret travel."""
        target = os.path.realpath(entry.path)
        if not target.startswith(f"{self._root.rstrip(os.sep)}{os.sep}"):
            return False
        name = os.path.relpath(target, self._root)
        return counts(name) or self._rules.means(name)

    def _refuse(self, name: str, what: str, fix: str) -> None:
        self.unfit.append(UnfitFile(name, what, fix))
        if len(self.unfit) >= _MOST:
            raise Unfit(self.unfit)


class _Rules:
    """What a folder's ignore file says: what stays, and what of that which would stay by default is to travel."""

    def __init__(self, folder: Path) -> None:
        self._spec: GitIgnoreSpec | None = None
        self._lines: list[str] = []
        self._overrides = False
        for name in IGNORE_FILES:
            file = folder / name
            if file.is_file():
                import pathspec

                text = file.read_text(encoding="utf-8", errors="surrogateescape")
                self._lines = [line for line in text.splitlines() if line]
                self._spec = pathspec.GitIgnoreSpec.from_lines(self._lines)
                self._overrides = name == OVERRIDING
                break
        self.has_exceptions = any(line.startswith("!") for line in self._lines)

    def asked(self, name: str) -> bool | None:
        """Whether a name is left out; None where nothing is said of it."""
        return None if self._spec is None else self._spec.check_file(name).include

    def means(self, name: str) -> bool:
        """Whether a line names what would stay by default: `!.env` does, `!*.py` does not mean `.venv/a.py`."""
        if self._spec is None or not self._overrides:
            return False
        found = self._spec.check_file(name)
        if found.include is not False or found.index is None:
            return False
        line = self._lines[found.index][1:].strip().strip("/")
        return not counts(line) if not counts(name) else not any(sign in line for sign in "*?[")


def plain_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises `OSError` for a FIFO and the like, which would be waited for, unless it was handed
    to this process, as a shell does with `<(command)`."""
    if not os.fspath(path).startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/")):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError(f"it is {sort_of(mode)}, not a file")
    return path.read_bytes()
