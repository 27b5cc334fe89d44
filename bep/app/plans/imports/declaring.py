"""Objects of the world as the documents that declare them, and their bytes laid out beside. Writes no spec."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from bep.app.workspace.faces import copies_of
from bep.disk.durable import sync_folder
from bep.lazy_dataclasses import dataclass
from bep.schemas.address import Address, kind_of, names_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.planner.observed import Observed
    from bep.planner.state import ContentRecord

UNFINISHED: Final = ".unfinished-"
"""How the folder begins in which bytes are laid out before they get their name."""
_LONGEST: Final = 200  # bytes of a folder's name that are made of an object's names, which may have 255 each


@dataclass(frozen=True)
class Found:
    """An object of the world, and whether a spec declares it."""

    address: Address
    observed: "Observed"
    declared: bool


def yaml_of(opened: "Reading", found: Iterable[Found], beside: Path) -> str:
    """The documents that declare these objects, for a file in the folder `beside`.

    Bytes that are not on this disk are written below that folder, from what the world gives back.
    """
    chosen = list(found)
    return "---\n".join(text for one in chosen if (text := document_of(opened, one, chosen, beside)))


def document_of(opened: "Reading", one: Found, among: Iterable[Found], beside: Path) -> str:
    """The document that declares an object, as text: the traffic of an endpoint stands in that of the endpoint.

    Empty for traffic that does.
    """
    import yaml

    from bep.schemas.specs.writing import document, split_of

    of_endpoint = [other for other in among if names_of(other.address) == names_of(one.address)]
    if kind_of(one.address) == "traffic":
        return "" if any(kind_of(other.address) == "endpoint" for other in of_endpoint) else _traffic_text(one)
    written = document(
        one.address,
        _readable(one),
        lambda field: _path(opened, one, field, beside),
        lambda path: path if path.startswith(("/", "~")) else os.path.relpath(opened.root / path, beside),
    )
    for other in of_endpoint if kind_of(one.address) == "endpoint" else ():
        if kind_of(other.address) == "traffic":
            written["defaults"] = {"deployment_name": split_of(other.observed.attributes)}
    notes = "".join(f"# {field} cannot be read back: what is there stays as it is.\n" for field in one.observed.unread)
    return notes + str(yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=120))


def _readable(one: Found) -> dict[str, Any]:
    """The attributes without what could only be read in part."""
    return {name: value for name, value in one.observed.attributes.items() if name not in one.observed.unread}


def _traffic_text(one: Found) -> str:
    from bep.schemas.specs.writing import split_of

    [endpoint] = names_of(one.address)
    return (
        f"# {one.address} is not a document of its own: write this in the spec of endpoint/{endpoint}\n"
        f"# defaults: {{deployment_name: {split_of(one.observed.attributes)}}}\n"
    )


def _path(opened: "Reading", one: Found, field: str, beside: Path) -> str:
    """Where the bytes of a content field are, as seen from a folder: where they were if they still are, else anew.

    A file or folder keeps its name: a script may look for it.
    """
    record, local = one.observed.contents[field], _local(one, field)
    if local and _is_still(opened, local, record):
        return os.path.relpath(opened.root / local, beside)
    last = field.rpartition(".")[2]
    base = PurePosixPath(local).name or last
    name = "-".join((*names_of(one.address), last))[-_LONGEST:].lstrip("-.")
    target, number = beside / name, 1
    while target.exists():
        if _is_still(opened, os.path.relpath(target / base, opened.root), record):  # laid out before
            return os.path.relpath(target / base, beside)
        number += 1
        target = beside / f"{name}-{number}"
    _lay_out(opened, one.address, record, target, base)
    return os.path.relpath(target / base, beside)


def _lay_out(opened: "Reading", address: Address, record: "ContentRecord", target: Path, base: str) -> None:
    """Bring the bytes into a new folder `target`, below which `base` is the file or folder that they are."""
    new = target.with_name(f"{UNFINISHED}{target.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    copies_of(opened).lay_out(address, record, new / base)
    if [path.relative_to(new / base).as_posix() for path in (new / base).rglob("*")] == [base]:  # a single file
        (new / base).rename(new / UNFINISHED)
        (new / UNFINISHED / base).rename(new / base)
        (new / UNFINISHED).rmdir()
    new.rename(target)
    sync_folder(target.parent)


def _is_still(opened: "Specs", local: str, record: "ContentRecord") -> bool:
    """Whether what a path has is what was registered, each by the rule of its digest."""
    from bep.schemas.content import Unfit, same_files

    try:
        there = opened.files.content(local)
    except (OSError, Unfit):
        return False
    if not record.files:  # a world that keeps bytes elsewhere knows the digest alone
        return there.sha256 == record.sha256
    return same_files(record.files, record.rule, there.files)


def _local(one: Found, field: str) -> str:
    value: object = one.observed.attributes
    for part in field.split("."):
        value = value[part] if isinstance(value, dict) and part in value else {}
    return str(value.get("local", "")) if isinstance(value, dict) else ""
