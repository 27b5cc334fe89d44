"""What is stored and nothing refers to, and how it goes. Knows digests and files, not who may refer to them."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from bep.disk import modes
from bep.disk.durable import create_durably
from bep.disk.locks import open_lock, taken, wait
from bep.lazy_patterns import lazy_pattern
from bep.providers.local import folders
from bep.providers.local.content import ContentStore
from bep.providers.world import Unreferenced
from bep.schemas.workspace.stages import HOME

FILE: Final = "stored file"
UNFINISHED: Final = "unfinished copy"
TREE: Final = "folder of an earlier bep"

_DIGEST: Final = lazy_pattern(r"[0-9a-f]{64}")


@contextmanager
def in_use(world: Path, workspace: Path | None = None) -> Iterator[Callable[[], None]]:
    """Keep others from freeing what is stored, until the end or until the function that it gives is called.

    For whoever refers to stored bytes in what is not written yet: an object, or the record of a job, whose workspace is
    noted first, so that whoever frees looks there, too. Where nothing can be written nobody frees.
    """
    lock: list[int] = []
    with suppress(OSError):
        lock.append(open_lock(_lock(world)))
        wait(lock[0], shared=True)
        if workspace is not None:
            _note(world, workspace)

    def let_go() -> None:
        while lock:
            os.close(lock.pop())

    try:
        yield let_go
    finally:
        let_go()


def workspaces(world: Path) -> list[Path]:
    """The workspaces that have had stored bytes in use, and that are there still. Raises `OSError`."""
    folder = world / "workspaces"
    named = [Path(os.fsdecode(file.read_bytes())) for file in sorted(folder.glob("*"))] if folder.is_dir() else []
    return [workspace for workspace in named if (workspace / HOME).is_dir()]


def _note(world: Path, workspace: Path) -> None:
    """Keep where a workspace is: one file for each, whole or not there. Raises `OSError`."""
    name = os.fsencode(os.path.realpath(workspace))
    file = world / "workspaces" / hashlib.sha256(name).hexdigest()[:32]
    if not file.exists():
        modes.make_folder(file.parent)
        with suppress(FileExistsError):
            create_durably(file, name)


def alone(world: Path, patience: float) -> AbstractContextManager[bool]:
    """Whether nobody is about to refer to stored bytes, asked for `patience` seconds; none begins to before the end.

    Raises `OSError`.
    """
    modes.make_folder(world)
    return taken(_lock(world), patience=patience)


def _lock(world: Path) -> Path:
    return world / "content.lock"


def unreferenced(contents: ContentStore, digests: Collection[str], trees: Collection[str]) -> Iterator[Unreferenced]:
    """What is stored but for the files of these digests and the folders of these; what killed copies left with it."""
    for sha256, place in contents.stored():
        if _DIGEST.fullmatch(sha256) and sha256 not in digests:
            yield Unreferenced(FILE, place, place.stat().st_size)
    for left in sorted(contents.files.glob("[0-9a-f][0-9a-f]/.*")):
        yield Unreferenced(UNFINISHED, left, left.stat().st_size)
    for tree in sorted(contents.trees.glob("*")):
        if tree.name.startswith(folders.UNFINISHED):
            yield Unreferenced(UNFINISHED, tree, _of_its_own(tree))
        elif _DIGEST.fullmatch(tree.name) and tree.name not in trees:
            yield Unreferenced(TREE, tree, _of_its_own(tree))


def _of_its_own(tree: Path) -> int:
    """The bytes that go with a folder: a file with another name elsewhere takes none here."""
    found = (Path(at, name).lstat() for at, _, names in os.walk(tree) for name in names)
    return sum(status.st_size for status in found if status.st_nlink == 1)


def free(one: Unreferenced) -> None:
    """Remove it. A kill leaves it as it was, gone, or as something that the next `unreferenced` finds.

    Raises `OSError`.
    """
    if one.place.is_dir():
        folders.remove(one.place)
        return
    one.place.unlink(missing_ok=True)
    with suppress(OSError):  # others are in it
        one.place.parent.rmdir()
