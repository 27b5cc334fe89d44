"""Files that differ: which bytes have to be asked for, and the differences once they are here. Reads no file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.planner.facts import FileDiff, FileSide
from bep.planner.plan import Action, Change
from bep.planner.planning.earlier_rules import same_content
from bep.planner.reviewing.evidence import DIFFS_LIMIT, READ_LIMIT, TEXT_LIMIT, Evidence
from bep.planner.state import ContentRecord
from bep.schemas.address import Address

MOST: Final = 100
"""Files of one resource that are told one by one."""
NOT_KEPT: Final = "its earlier bytes are not kept"
NOT_KNOWN: Final = "which files it consisted of is not known"
NO_ROOM: Final = f"the diffs of this plan are longer than {DIFFS_LIMIT // 1024} KiB together"
TOO_MANY: Final = f"the files that differ have more than {READ_LIMIT >> 20} MiB together"
NOT_READ: Final = "its bytes could not be read"
CONDA: Final = "conda_file"

Records = Mapping[str, ContentRecord]


@dataclass(frozen=True, slots=True)
class FileAsked:
    """Bytes that are asked for. `planned` is the resource whose files on this disk have them, else the world has."""

    sha256: str
    field: str
    name: str
    planned: Address | None = None


class Differing(NamedTuple):
    """A file that differs: its field and name, and its digest on each side, None where it is not there."""

    field: str
    name: str
    old: str | None
    new: str | None


def differing(before: Records, after: Records) -> Iterator[Differing]:
    """Each file that differs; a content as a whole, without a name, where one side's files are not known."""
    for field in sorted(before.keys() | after.keys()):
        old, new = before.get(field), after.get(field)
        if same_content(old, new):
            continue
        if any(side is not None and not side.files for side in (old, new)):
            yield Differing(field, "", old.sha256 if old else None, new.sha256 if new else None)
            continue
        names = old.files if old else {}, new.files if new else {}
        for name in sorted({*names[0], *names[1]}):
            if names[0].get(name) != names[1].get(name):
                yield Differing(field, name, names[0].get(name), names[1].get(name))


def asked_for(before: Records, after: Records, planned: Address | None) -> Iterator[FileAsked]:
    """The bytes that a comparison needs of two contents."""
    for one in [one for one in differing(before, after) if one.name][:MOST]:
        if one.old is not None:
            yield FileAsked(one.old, one.field, one.name)
        if one.new is not None:
            yield FileAsked(one.new, one.field, one.name, planned)


def file_diffs(evidence: Evidence, before: Records, after: Records) -> tuple[tuple[FileDiff, ...], int]:
    """The files that differ, the first ones, and how many more there are."""
    found = list(differing(before, after))
    diffs = tuple(_file(evidence, one) for one in found[:MOST])
    return diffs, len(found) - len(diffs)


def _file(evidence: Evidence, one: Differing) -> FileDiff:
    made = evidence.diffs.get(one[1:])
    if made is not None:
        return made.model_copy(update={"field": one.field})
    sides = [FileSide(sha256=it, size=evidence.asked.sizes.get(it)) if it else None for it in (one.old, one.new)]
    text, why_not = _text(evidence, one) if one.name else ({}, NOT_KNOWN)
    made = FileDiff(
        symbol="+" if one.old is None else "-" if one.new is None else "~",
        field=one.field,
        name=one.name,
        before=sides[0],
        after=sides[1],
        why_not=why_not,
        **text,
    )
    evidence.diffs[one[1:]] = made
    return made


class Room:
    """What the diffs of a plan may still take up; those for which there is none are left out, and say so."""

    def __init__(self) -> None:
        self.left = DIFFS_LIMIT

    def fitted(self, files: Sequence[FileDiff]) -> tuple[FileDiff, ...]:
        """The files, without the diffs that do not fit."""
        return tuple(map(self._one, files))

    def _one(self, file: FileDiff) -> FileDiff:
        if len(file.diff) <= self.left:
            self.left -= len(file.diff)
            return file
        left_out = file.left_out + file.diff.count("\n")
        return file.model_copy(update={"diff": "", "left_out": left_out, "why_not": NO_ROOM})


def _text(evidence: Evidence, one: Differing) -> tuple[dict[str, Any], str]:
    """What the bytes of two files say, or why there is no diff of them."""
    from bep.planner.reviewing.text_diffs import text_diff, text_of

    texts = []
    for sha256, missing in ((one.old, NOT_KEPT), (one.new, NOT_READ)):
        if sha256 is None:
            texts.append("")
            continue
        if evidence.asked.sizes.get(sha256, 0) > TEXT_LIMIT:
            return {}, f"it is longer than {TEXT_LIMIT // 1024} KiB"
        data = evidence.asked.files.get(sha256)
        if data is None:
            return {}, TOO_MANY if sha256 in evidence.asked.sizes else missing
        text = text_of(data)
        if text is None:
            return {}, "it is not text"
        texts.append(text)
    return text_diff(texts[0], texts[1], evidence.asked.secrets, name=one.name), ""


def conda_diff(evidence: Evidence, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FileDiff]:
    """What differs of a conda file, which both sides have as a value."""
    old, new = before.get(CONDA), after.get(CONDA)
    if old == new or not isinstance(old, dict) or not isinstance(new, dict):
        return
    from bep.planner.reviewing.text_diffs import lines_of, text_diff

    lines = ["\n".join(lines_of(side)) for side in (old, new)]
    made = text_diff(lines[0], lines[1], evidence.asked.secrets)
    yield FileDiff(symbol="~", field=CONDA, name="", **made)


def changed_contents(evidence: Evidence) -> Iterator[Change]:
    """The changes that put other contents or another conda file where some are."""
    for change in evidence.plan.changes:
        if change.action is Action.UPDATE or (change.action is Action.CREATE and change.replacement):
            yield change


def asked_by_changes(evidence: Evidence) -> Iterable[FileAsked]:
    """The bytes that are needed for what is changed where it is."""
    for change in changed_contents(evidence):
        yield from asked_for(evidence.contents_now(change.address), change.contents, change.address)


def with_files(evidence: Evidence, room: Room) -> tuple[Change, ...]:
    """The plan's changes, each with the files that differ."""
    found = {}
    for change in changed_contents(evidence):
        diffs, more = file_diffs(evidence, evidence.contents_now(change.address), change.contents)
        conda = tuple(conda_diff(evidence, evidence.now.get(change.address, {}), change.after or {}))
        if diffs or conda:
            files = room.fitted((*diffs, *conda))
            found[change.id] = change.model_copy(update={"files": files, "files_left_out": more})
    return tuple(found.get(change.id, change) for change in evidence.plan.changes)
