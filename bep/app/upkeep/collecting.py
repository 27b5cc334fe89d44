"""What nothing refers to any more, in the store and among downloads, and how it is freed. Prints nothing.

Objects of the world refer to stored bytes, and so do the state and every job that could go on. What is applied at an
address refers to its download. Plans that were applied do not, nor do copies of earlier states.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Conflict, Refused
from bep.app.workspace.faces import contents_of, places_of
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.workspace.stages import HOME

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Writing
    from bep.providers.world import Unreferenced as Unreferenced

DOWNLOAD: Final = "download"

_FILES: Final = ("job.json", "assets.json", "manifest", "manifest.origins")
"""What of a job's folder names stored bytes."""

_DIGITS: Final = 64
_PATIENCE: Final = 3.0  # seconds that a job which is about to begin, or an apply, gets to have said what it needs
_WORD: Final = lazy_pattern(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])")
_BLOCK: Final = 1 << 20
_LONGEST: Final = 65  # bytes of a word that two blocks may share, with the one ahead of it


def referring(opened: "Reading") -> "AbstractContextManager[Callable[[], None]]":
    """Keep `bep gc` from freeing what a job is about to refer to, until its end or until what it gives is called."""
    contents = opened.world.contents
    return contents.in_use() if contents is not None else nullcontext(lambda: None)


@dataclass(frozen=True)
class Found:
    """What could be freed, and the jobs for whose sake alone something else could not."""

    free: "list[Unreferenced]"
    holding: tuple[str, ...]


def unreferenced(opened: "Reading") -> Found:
    """What nothing refers to. Raises `DomainError` where there is no state, `ProviderError` where it cannot be told."""
    from bep.providers.world import Unreferenced
    from bep.runner.transfer.cached import cached

    if opened.store.load() is None:
        raise Refused("there is no state yet: nothing has been applied here")
    by_jobs = _named_by_jobs(opened)
    digests, addresses = _of_objects(opened)
    for part in ("", ".journal"):
        digests |= {word.decode() for word in _WORD.findall(opened.store.place.read(part) or b"")}
    keys = _keys(opened, addresses)
    found = {one: _name_of(one) for one in contents_of(opened).unreferenced(digests)}
    for copies in cached(opened.downloads):
        if copies.folder.name not in keys:
            found[Unreferenced(DOWNLOAD, *copies)] = copies.folder.name
    needed = {name for names in by_jobs.values() for name in names}
    holding = tuple(sorted(job for job, names in by_jobs.items() if names & set(found.values())))
    return Found([one for one, name in found.items() if name not in needed], holding)


def _name_of(one: "Unreferenced") -> str:
    """The digest that something in the store is known by."""
    return one.place.name if len(one.place.name) == _DIGITS else one.place.parent.name + one.place.name


def free(
    opened: "Writing", chosen: "Sequence[Unreferenced]", say: Callable[[str], None], lock_timeout: float
) -> "list[Unreferenced]":
    """Remove those that nothing refers to still, under the lock of the state. Returns what is gone.

    Raises `Conflict` while a job begins or another workspace applies here, `StateLocked`, and as `unreferenced`.
    """
    from bep.app.upkeep.state_editing import editing
    from bep.providers.disk_faults import told
    from bep.runner.transfer.cached import Cached, forget

    contents, gone = contents_of(opened), []
    with (
        editing(opened, "gc", say, lock_timeout=lock_timeout),
        told("content", "free"),
        contents.alone(_PATIENCE) as is_alone,
    ):
        if not is_alone:
            raise Conflict(
                "a job is about to begin, or something is being applied, with what is stored; nothing was freed\n"
                "    fix: try again when it has begun",
            )
        for one in set(chosen) & set(unreferenced(opened).free):
            if one.what != DOWNLOAD:
                contents.free(one)
                gone.append(one)
            elif forget(Cached(one.place, one.size)):
                gone.append(one)
    return sorted(gone, key=lambda one: (one.what, str(one.place)))


def _of_objects(opened: "Reading") -> tuple[set[str], set[str]]:
    """Digests of the files of all objects in the world, and the addresses that their fields name."""
    from bep.schemas.kinds.kind import kind_names

    digests: set[str] = set()
    addresses: set[str] = set()
    for kind in kind_names():
        for there in opened.provider.list(kind).values():
            for record in there.contents.values():
                digests.update(record.files.values())
            addresses.update(_addresses(there.attributes))
    return digests, addresses


def _addresses(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "://" in value:
            yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _addresses(one)


def _keys(opened: "Reading", addresses: set[str]) -> set[str]:
    """By which names the cache has what is at these addresses, a datastore's path as the address that it stands for."""
    from bep.providers.protocol import ProviderError
    from bep.runner.transfer.cached import keys_of

    found: set[str] = set()
    for address in addresses:
        place: object = address
        with suppress(ProviderError):  # none of a datastore, or of one that is gone
            place = places_of(opened).resolve(address)
        found.update(keys_of(place if isinstance(place, str) else address))
    return found


def _named_by_jobs(opened: "Reading") -> dict[str, set[str]]:
    """By job, every digest and key in the files of one that could go on, whatever stage or world it is of.

    Those of other workspaces that work in the same world count, too; they are named with their folder. Raises `OSError`
    for one that may not be read: what its jobs need cannot be told then.
    """
    here = os.path.realpath(opened.root)
    others = [place for place in contents_of(opened).workspaces() if os.path.realpath(place) != here]
    found: dict[str, set[str]] = {}
    for root in (opened.root, *others):
        for job in _unfinished(root):
            name = job.name if root == opened.root else f"{job.name} of {root}"
            found[name] = {word for file in _FILES for word in _words(job / file)}
    return found


def _unfinished(root: Path) -> Iterator[Path]:
    """The folders of the jobs of a workspace that could go on. Raises `OSError`."""
    from bep.providers.worlds import WORLDS

    stages = root / HOME / "stages"
    homes = (root / HOME, *(_listed(stages) if stages.is_dir() else ()))
    for home in (*homes, *(home / world for home in homes for world in WORLDS)):
        for job in _listed(home / "jobs") if (home / "jobs").is_dir() else ():
            if not job.name.startswith(".") and not _is_over(job):
                yield job


def _listed(folder: Path) -> list[Path]:
    return [*folder.iterdir()]  # unlike a pattern, which passes over what may not be read


def _is_over(job: Path) -> bool:
    """Whether a job needs nothing any more. One whose record cannot be read may."""
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.folder import JobFolder
    from bep.runner.folder.record import Status, load

    try:
        record = load(job)
    except JobInvalid:
        return False
    is_done = record.status is Status.COMPLETED and not record.counts.failed
    return is_done and not JobFolder(job).is_held()


def _words(file: Path) -> set[str]:
    """The digests and keys in a file, whatever else is in it; none where it is not there. Raises `OSError`."""
    found: set[str] = set()
    try:
        with file.open("rb") as stream:
            before = b""
            while block := stream.read(_BLOCK):
                text = before + block
                found.update(word.decode() for word in _WORD.findall(text))
                before = text[-_LONGEST:]
    except (FileNotFoundError, NotADirectoryError):
        pass
    return found
