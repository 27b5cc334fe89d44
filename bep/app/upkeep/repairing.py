"""Stored bytes, read and compared with their digests; what the specs' own files still have is put back. Prints nothing.

Neither the state nor any object of the world changes: a deployment keeps its traffic while its bytes are mended.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bep.app.workspace.faces import contents_of
from bep.lazy_dataclasses import dataclass, replace

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.schemas.resource import Content


class Use(NamedTuple):
    """A file of a content: of which object, in which field, by which relative name."""

    address: str
    field: str
    name: str


@dataclass(frozen=True)
class Damage:
    """Stored bytes that are not what they should be: `what` is changed or gone, `mend` the file that has them still."""

    sha256: str
    place: Path
    what: str
    uses: tuple[Use, ...]
    mend: Path | None = None
    is_mended: bool = False

    def as_json(self) -> dict[str, Any]:
        """As a value for scripts."""
        return {
            "sha256": self.sha256,
            "place": str(self.place),
            "what": self.what,
            "used_by": [use._asdict() for use in self.uses],
            "from": self.mend and str(self.mend),
            "repaired": self.is_mended,
        }


@dataclass(frozen=True)
class Repaired:
    """How many stored files were read, and those that were not sound."""

    read: int
    damages: tuple[Damage, ...]

    @property
    def left(self) -> int:
        """How many are damaged still."""
        return sum(not damage.is_mended for damage in self.damages)


def repair(opened: "Reading", say: Callable[[str], None], *, dry_run: bool) -> Repaired:
    """Read every stored file, and those that a registered object needs and that are gone; mend what can be.

    Raises `ProviderError` where the store cannot be read or written.
    """
    from bep.providers.disk_faults import told

    contents = contents_of(opened)
    with told("content", "repair"), contents.in_use():
        uses = _uses(opened)
        stored = dict(contents.stored())
        size = sum(place.stat().st_size for place in stored.values())
        say(f"reading {len(stored)} stored files, {size / 1e6:,.1f} MB")
        unsound = [sha256 for sha256 in sorted({*stored, *uses}) if not contents.is_sound(sha256)]
        damages = [_damage(opened, sha256, sha256 in stored, uses.get(sha256, ())) for sha256 in unsound]
        if not dry_run:
            damages = [_mended(opened, damage) for damage in damages]
    return Repaired(len(stored), tuple(damages))


def _uses(opened: "Reading") -> dict[str, tuple[Use, ...]]:
    """By digest, which files of registered objects it is."""
    from bep.schemas.kinds.kind import kind_names

    found: dict[str, tuple[Use, ...]] = {}
    for kind in kind_names():
        for address, there in opened.provider.list(kind).items():
            for field, record in there.contents.items():
                for name, sha256 in record.files.items():
                    found[sha256] = (*found.get(sha256, ()), Use(address, field, name))
    return found


def _damage(opened: "Reading", sha256: str, is_there: bool, uses: tuple[Use, ...]) -> Damage:
    place = contents_of(opened).place(sha256)
    mend = next(_having(sha256, _candidates(opened, sha256, uses)), None)
    return Damage(sha256, place, "changed" if is_there else "gone", uses, mend)


def _candidates(opened: "Specs", sha256: str, uses: tuple[Use, ...]) -> Iterator[Path]:
    """Files of the specs that may have these bytes: those with the digest, and those that stand where they stood."""
    contents: Mapping[tuple[str, str], Content] = {
        (resource.address, field): content
        for resource in opened.loaded.resources
        for field, content in resource.contents.items()
    }
    for content in contents.values():
        yield from (_file(content, name) for name, found in content.files.items() if found == sha256)
    for use in uses:
        if (use.address, use.field) in contents:
            yield _file(contents[use.address, use.field], use.name)


def _file(content: "Content", name: str) -> Path:
    return Path(content.source, name) if Path(content.source).is_dir() else Path(content.source)


def _having(sha256: str, files: Iterator[Path]) -> Iterator[Path]:
    from bep.disk.copying import digest

    for file in files:
        try:
            if file.is_file() and digest(file) == sha256:
                yield file
        except OSError:
            continue


def _mended(opened: "Reading", damage: Damage) -> Damage:
    from bep.disk.durable import sync_folder
    from bep.providers.protocol import ProviderError

    if damage.mend is None:
        return damage
    changed = ProviderError("content", "repair", f"{damage.mend} has changed since it was read; try again")
    contents_of(opened).copy_in(damage.mend, damage.sha256, changed)
    sync_folder(damage.place.parent)
    return replace(damage, is_mended=True)


def shown(opened: "Specs", path: Path) -> str:
    """A path as a person of this workspace names it."""
    return os.path.relpath(path, opened.root) if path.is_relative_to(opened.root) else str(path)
