"""Bytes kept under their sha256, and folders made of them. Knows digests and names, not whose they are."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from bep.planner.state import ContentRecord
from bep.providers.durable import sync_folder
from bep.providers.local.cloning import clone, share
from bep.providers.local.folders import publish, remove, unfinished
from bep.providers.protocol import Conflict, ProviderError
from bep.schemas.content import RULE, digest_of_files
from bep.schemas.resource import Content

SEALED_AT: Final = 946_782_245
"""Modification time (2000-01-02) of every stored file. One with another time was written to by somebody else."""


class ContentStore:
    """`content/<2 hex>/<62 hex>` holds files; `trees/<sha256>/` holds folders made of them, read-only.

    Files are copied in, never linked: an edit of the user's file does not reach the store.
    A stored file appears by rename after fsync, so it is whole or absent.
    """

    def __init__(self, root: Path) -> None:
        self.files = root / "content"
        self.trees = root / "trees"

    def put(self, address: str, operation: str, content: Content) -> ContentRecord:
        """Store every file of a content; those already stored are not read again.

        Raises `Conflict` naming the file whose bytes are not the planned ones any more.
        """
        source = Path(content.source)
        touched = set()
        for name, sha256 in sorted(content.files.items()):
            place = self._place(address, operation, sha256)
            if _intact(place):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            origin = source / _safe(address, operation, name) if source.is_dir() else source
            self._copy_in(origin, place, sha256, Conflict(address, operation, _not_as_planned(content, name)))
            touched.add(place.parent)
        for folder in sorted(touched):
            sync_folder(folder)
        if touched:
            sync_folder(self.files)
        return ContentRecord(sha256=content.sha256, files=dict(content.files), rule=RULE)

    def tree(self, address: str, record: ContentRecord, *, inside: str | None = None) -> Path:
        """A folder with these files, built whole and reused; `inside` puts them one folder deeper, under that name.

        Raises `ProviderError` (code ContentDamaged) when a stored file is gone or was written to.
        """
        files = {f"{inside}/{name}": sha for name, sha in record.files.items()} if inside else dict(record.files)
        tree = self.trees / digest_of_files(files)
        if tree.is_dir():
            if all(_intact(tree / name) for name in files):
                return tree
            remove(tree)
        with unfinished(self.trees) as new:
            self._fill(address, new, files)
            publish(new, tree)
        return tree

    def _fill(self, address: str, folder: Path, files: Mapping[str, str]) -> None:
        made = {folder}
        for name, sha256 in sorted(files.items()):
            place = self._place(address, "read", sha256)
            self._check(address, place, name, sha256)
            target = folder / _safe(address, "read", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.update(parent for parent in target.parents if parent.is_relative_to(folder))
            share(place, target)
        for made_folder in sorted(made):
            sync_folder(made_folder)

    def _check(self, address: str, place: Path, name: str, sha256: str) -> None:
        if _intact(place):
            return
        if place.is_file() and _digest(place) == sha256:
            _seal(place)
            return
        found = "were changed" if place.exists() else "are gone"
        message = (
            f"the stored bytes of {name} {found} ({place}). Replace {address} to store them again:"
            f" delete it and apply, or put a file with sha256 {sha256} there"
        )
        raise ProviderError(address, "read", message, code="ContentDamaged")

    def _copy_in(self, origin: Path, place: Path, sha256: str, refusal: Conflict) -> None:
        temporary = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        try:
            try:
                clone(origin, temporary)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise refusal from error
            if _digest(temporary) != sha256:
                raise refusal
            _seal(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)

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
    os.utime(file, (SEALED_AT, SEALED_AT))
    file.chmod(0o444)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _not_as_planned(content: Content, name: str) -> str:
    there = content.local if content.local.endswith(name) else f"{content.local.rstrip('/')}/{name}"
    return f"{there} is not as it was when planned: changed or gone since; plan again"
