"""Bytes kept under their sha256, and what copies are made of. Knows digests and names, not whose they are."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from bep.disk import modes
from bep.disk.copying import Original, copy_hashed, digest
from bep.disk.durable import make_folder, sync_folder
from bep.planner.state import ContentRecord
from bep.providers.local.folders import publish, remove, unfinished
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.content import RULE, digest_of_files
from bep.schemas.next_step import step
from bep.schemas.resource import Content

REPAIR: Final = step("state repair")

SEALED_AT: Final = 946_782_245
"""Modification time (2000-01-02) of every stored file. One with another time was written to by somebody else."""

PRIVATE: Final = 0o400
"""What is stored is for its owner, to be read; for the group where that is asked for and its source is, too."""

SMALL: Final = 1 << 20
"""Bytes up to which a file is laid out where a model is only looked at: its weights are not."""


class ContentStore:
    """`content/<2 hex>/<62 hex>` holds files. What is stored is never handed out: a job gets copies.

    Files are copied in, never linked: an edit of the user's file does not reach the store.
    A stored file appears by rename after fsync, so it is whole or absent.
    It is never wider than the file that it was copied from, nor than was asked for.
    `trees/<sha256>/` are folders that an earlier bep gave to jobs, as links; see `tree`.
    """

    def __init__(self, root: Path) -> None:
        self.files = root / "content"
        self.trees = root / "trees"

    def put(self, address: str, operation: str, content: Content) -> ContentRecord:
        """Store every file of a content; one that is there is read, and stored anew if it is not what it should be.

        Raises `Conflict` naming the file whose bytes are not the planned ones any more.
        """
        source = Path(content.source)
        touched = set()
        for name, sha256 in sorted(content.files.items()):
            place = self._place(address, operation, sha256)
            if self.is_sound(sha256):
                continue
            make_folder(place.parent)
            origin = source / _safe(address, operation, name) if source.is_dir() else source
            self.copy_in(origin, sha256, Conflict(address, operation, _not_as_planned(content, name)))
            touched.add(place.parent)
        for folder in sorted(touched):
            sync_folder(folder)
        return ContentRecord(sha256=content.sha256, files=dict(content.files), rule=RULE)

    def originals(self, address: str, record: ContentRecord, *, inside: str | None = None) -> dict[str, Original]:
        """Where the bytes of each file are, by its relative name; `inside` puts them one folder deeper, under that.

        Raises `ProviderError` (code ContentDamaged) for a stored file that is gone or was written to, as far as its
        time shows. Whoever makes a copy compares digests.
        """
        found = {}
        for name, sha256 in sorted(record.files.items()):
            place = self._place(address, "read", sha256)
            _safe(address, "read", name)
            self._check(address, place, name, sha256)
            found[f"{inside}/{name}" if inside else name] = Original(place, sha256)
        return found

    def lay_out(self, address: str, record: ContentRecord, folder: Path, *, most: int | None = None) -> None:
        """Fill a folder with copies; `most`: only of files of so many bytes.

        Raises `ProviderError` (code ContentDamaged) when a stored file is not what was registered.
        """
        for name, original in self.originals(address, record).items():
            if most is not None and original.path.stat().st_size > most:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if copy_hashed(original.path, target) != original.sha256:
                raise _damaged(address, original.path, name, original.sha256)

    def tree(self, address: str, record: ContentRecord) -> Path:
        """The folder that an earlier bep gave to jobs, for one that was begun with it: as copies, not as links.

        Raises `ProviderError` as `lay_out` does.
        """
        tree = self.tree_of(record)
        if tree.is_dir():
            if all(_intact(tree / name) and (tree / name).stat().st_nlink == 1 for name in record.files):
                return tree
            remove(tree)
        with unfinished(self.trees) as new:
            self.lay_out(address, record, new)
            for name in record.files:
                _seal(new / name)
                (new / name).chmod(PRIVATE)
            publish(new, tree)
        return tree

    def tree_of(self, record: ContentRecord) -> Path:
        """Where an earlier bep laid a content out."""
        return self.trees / digest_of_files(record.files)

    def is_sound(self, sha256: str) -> bool:
        """Whether the bytes stored under a digest are there and have it. They are read for that."""
        place = self._place("", "read", sha256)
        if not place.is_file() or digest(place) != sha256:
            return False
        if not _intact(place):
            _seal(place)
        return True

    def is_kept(self, sha256: str) -> bool:
        """Whether bytes are stored under a digest and, as far as their time shows, nobody else wrote to them."""
        return _intact(self._place("", "read", sha256)) or self.is_sound(sha256)

    def stored(self) -> Iterable[tuple[str, Path]]:
        """Every stored file, by the digest that it is stored under."""
        for folder in sorted(self.files.glob("[0-9a-f][0-9a-f]")):
            for place in sorted(folder.glob("[0-9a-f]*")):
                yield folder.name + place.name, place

    def place(self, sha256: str) -> Path:
        """Where the bytes of a digest are stored, or would be."""
        return self._place("", "read", sha256)

    def copy_in(self, origin: Path, sha256: str, refusal: Exception) -> None:
        """Store a file's bytes under their digest, in place of what is there. Raises `refusal` if they have another."""
        place = self.place(sha256)
        make_folder(place.parent)
        temporary = place.with_name(f".{place.name}.{os.urandom(6).hex()}")
        try:
            try:
                found = copy_hashed(origin, temporary)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise refusal from error
            if found != sha256:
                raise refusal
            temporary.chmod(0o440 & modes.asked().file & (origin.stat().st_mode | PRIVATE))
            _seal(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)

    def _check(self, address: str, place: Path, name: str, sha256: str) -> None:
        if not _intact(place) and not self.is_sound(sha256):
            raise _damaged(address, place, name, sha256)

    def _place(self, address: str, operation: str, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ProviderError(address, operation, f"'{sha256}' is not a sha256 in hex", code="ContentInvalid")
        return self.files / sha256[:2] / sha256[2:]


def _safe(address: str, operation: str, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        message = f"'{name}' is not a name inside a folder; it must be relative and without '..'"
        raise ProviderError(address, operation, message, code="ContentInvalid")
    return Path(path)


def _intact(file: Path) -> bool:
    try:
        return int(file.lstat().st_mtime) == SEALED_AT
    except (FileNotFoundError, NotADirectoryError):
        return False


def _seal(file: Path) -> None:
    with suppress(PermissionError):  # a colleague's, in a world that is shared: it is read again each time
        os.utime(file, (SEALED_AT, SEALED_AT))


def _damaged(address: str, place: Path, name: str, sha256: str) -> ProviderError:
    found = "were changed" if place.exists() else "are gone"
    message = (
        f"the stored bytes of {name} {found} ({place}). {REPAIR} restores what the specs' files still have;"
        f" otherwise put a file with sha256 {sha256} in that place"
    )
    return ProviderError(address, "read", message, code="ContentDamaged", next=(REPAIR,))


def _not_as_planned(content: Content, name: str) -> str:
    there = content.local if content.local.endswith(name) else f"{content.local.rstrip('/')}/{name}"
    return f"{there} is not as it was when planned: changed or gone since; plan again"
