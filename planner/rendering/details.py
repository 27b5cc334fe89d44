"""The body of a detail: fields and files that a step changes, or in which it differs from what exists. No format."""

from collections.abc import Iterator, Sequence
from typing import Final

from bep.planner.facts import Comparison, FileDiff
from bep.planner.rendering.grouping import within
from bep.planner.rendering.layout import NONE, Row, field_row, hidden, rows, text
from bep.planner.rendering.sections import Block, Detail, FileText

FILE_WORDS: Final = {"+": "new", "~": "changed", "-": "gone"}


def tells(detail: Detail) -> bool:
    """Whether there is anything that the line of its step does not say."""
    item = detail.item
    if item.symbol == ">":
        return bool(detail.compared) or any(row.marks for row in rows(item))
    made = item.symbol == "+"
    return made or bool(detail.compared) or any(change.diffs or change.files for change in item.changes)


def blocks(detail: Detail) -> tuple[Block, ...]:
    """What differs, block by block; none where a sentence says all.

    Of what is made beside something that exists only the differences are here.
    """
    item = detail.item
    own = item.symbol == ">" and not any(row.marks for row in rows(item))
    own = own or (item.symbol == "+" and any(one.address == item.address for one in detail.compared))
    found = [] if own else [_changed(detail)]
    found += [_beside(one) for one in detail.compared]
    return tuple(block for block in found if block.title or block.fields or block.files)


def _changed(detail: Detail) -> Block:
    changes = detail.item.changes
    files = [file for change in changes for file in change.files]
    fields = tuple(_without_files(rows(detail.item), files))
    count = hidden(detail.item)
    note = f"{count} {'field stays as it is' if count == 1 else 'fields stay as they are'}" if count else ""
    return Block("", fields, tuple(_files(files, sum(change.files_left_out for change in changes))), note)


def _beside(one: Comparison) -> Block:
    fields = [field_row(diff) for diff in one.fields]
    fields += [Row("~", said.what, text(said.before) or NONE, text(said.after) or NONE) for said in one.model]
    note = f"{one.same} {'field is' if one.same == 1 else 'fields are'} the same"
    files = tuple(_files(one.files, one.files_left_out))
    return Block(f"{one.address} beside {one.against}", tuple(_without_files(fields, one.files)), files, note)


def _without_files(fields: Sequence[Row], files: Sequence[FileDiff]) -> Iterator[Row]:
    """The fields but those of which the files say all."""
    own = {file.field for file in files}
    return (row for row in fields if row.marks or not any(within(row.name, field) for field in own))


def _files(files: Sequence[FileDiff], left_out: int) -> Iterator[FileText]:
    for file in files:
        name = f"{file.name} in {file.field}" if file.name else file.field
        counted = f"+{file.added} -{file.removed} lines" if file.diff else _sizes(file)
        more = f"{file.left_out} more lines of it are left out" if file.left_out else ""
        masked = "secrets in it are masked" if file.masked else ""
        title = f"{name}: {FILE_WORDS[file.symbol]}, {counted}".rstrip(", ")
        yield FileText(
            file.symbol, title, tuple(file.diff.splitlines()), "; ".join(filter(None, (file.why_not, more, masked)))
        )
    if left_out:
        yield FileText("~", f"and {left_out} more {'file' if left_out == 1 else 'files'}")


def _sizes(file: FileDiff) -> str:
    sides = [side for side in (file.before, file.after) if side is not None]
    sizes = ["unknown size" if side.size is None else f"{side.size:,} bytes" for side in sides]
    return " -> ".join(dict.fromkeys(sizes))
