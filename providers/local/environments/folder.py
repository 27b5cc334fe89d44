"""Where environments are kept: one place for all workspaces of a user, who uses what there, and since when.

Beside `<digest>/` lie `<digest>.lock`, held by who builds or removes it; `<digest>.used`, held by each process that
scores in it and touched when that begins; `<digest>.workspaces`, the workspaces that have used it. Knows no recipe.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bep.disk.known_digests import user_cache
from bep.disk.locks import take, wait
from bep.providers.local.environments.built import COMPLETE
from bep.providers.local.folders import remove

VARIABLE: Final = "BEP_ENVIRONMENTS_FOLDER"
BESIDE: Final = (".log", ".lock", ".used", ".workspaces", ".work")

_HELD: Final[dict[Path, int]] = {}
"""What this process uses, until it ends."""


def place_of(setting: str | None, root: Path, surroundings: Mapping[str, str], otherwise: Path) -> Path:
    """The folder for environments: the setting's, the variable's, the user's cache (XDG), or `otherwise` for one
    without a home."""
    asked = setting or surroundings.get(VARIABLE)
    if asked:
        return root / Path(asked).expanduser()
    cache = user_cache(surroundings)
    folder = cache / "environments" if cache is not None else None
    return folder if folder is not None and _may_be_written(folder) else otherwise


def _may_be_written(folder: Path) -> bool:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)


def make(folder: Path) -> None:
    """Make the folder, for this user alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def hold(folder: Path, workspace: Path | None = None) -> None:
    """Say that this process scores in the environment of this folder, until it ends; and for which workspace."""
    used = folder.with_name(f"{folder.name}.used")
    if not os.access(folder.parent, os.W_OK):
        return  # where nothing can be written nothing is removed
    if used not in _HELD:
        descriptor = os.open(used, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            wait(descriptor, shared=True)
        except BaseException:
            os.close(descriptor)
            raise
        _HELD[used] = descriptor
    os.utime(used)
    note(folder, workspace)


def note(folder: Path, workspace: Path | None) -> None:
    """Say which workspace an environment was built or is used for: no other one's prune takes it away."""
    if workspace is None or not os.access(folder.parent, os.W_OK):
        return
    if str(workspace) not in workspaces(folder):
        with folder.with_name(f"{folder.name}.workspaces").open("a", encoding="utf-8") as users:
            users.write(f"{workspace}\n")


def hold_interpreter(python: str, workspace: Path) -> None:
    """Hold the environment that an interpreter is of, if it is of one that bep built."""
    folder = Path(python).parent.parent
    if (folder / COMPLETE).exists():
        hold(folder, workspace)


def workspaces(folder: Path) -> tuple[str, ...]:
    """The workspaces that have used an environment and are still there."""
    try:
        text = folder.with_name(f"{folder.name}.workspaces").read_text(encoding="utf-8")
    except OSError:
        return ()
    return tuple(line for line in dict.fromkeys(text.splitlines()) if line and Path(line, ".bep").is_dir())


def last_used(folder: Path) -> datetime | None:
    """When a process last began to use it; None for never."""
    try:
        seconds = folder.with_name(f"{folder.name}.used").stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def removed(folder: Path, names: Collection[str], keep: Collection[str] = ()) -> Iterator[str]:
    """Remove these environments and what was never finished; give the names of those that are gone.

    What somebody builds or uses stays, and what was finished since the names were chosen.
    """
    for name in sorted(names_in(folder) - set(keep)):
        with _free(folder, name) as free:
            if free and (name in names or not (folder / name / COMPLETE).exists()):
                (folder / name / COMPLETE).unlink(missing_ok=True)
                for place in (folder / name, folder / f"{name}.work"):
                    remove(place)
                for ending in (".log", ".workspaces"):
                    (folder / f"{name}{ending}").unlink(missing_ok=True)
                os.utime(folder / f"{name}.used", (0, 0))  # it stays: who waits for it now must not hold another
                yield name


def names_in(folder: Path) -> set[str]:
    """The names of all that is in the folder, what killed builds left among it."""
    return {name for path in folder.glob("*") for name in [_name(path)] if name}


def _name(path: Path) -> str:
    """The environment that something in the folder is of; nothing for what only keeps others away."""
    if path.suffix in (".lock", ".used"):
        return ""
    return path.name.removesuffix(path.suffix) if path.suffix in BESIDE else path.name


@contextmanager
def _free(folder: Path, name: str) -> Iterator[bool]:
    """Whether nobody builds and nobody uses it, and nobody begins to while this lasts."""
    with (folder / f"{name}.lock").open("a") as lock, (folder / f"{name}.used").open("a") as used:
        yield take(lock.fileno()) and take(used.fileno())
