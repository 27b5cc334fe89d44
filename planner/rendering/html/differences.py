"""The body of a detail: its fields in a table, its files side by side. Knows no plan but blocks of a review."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from bep.lazy_patterns import lazy_pattern
from bep.planner.rendering.html.texts import name, text, value
from bep.planner.rendering.layout import Row
from bep.planner.rendering.sections import Block, FileText

HUNK = lazy_pattern(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
COLUMNS: Final = '<colgroup><col class="narrow"><col><col class="narrow"><col></colgroup>'
END: Final = "\n"
"""No line of a diff, for it has a line feed."""
NO_LINE_FEED: Final = "\\"
"""How a line of a diff begins that says that the one above it has no line feed."""


def block(found: Block) -> Iterator[str]:
    """What a block has: its title, its fields, its files, what is not shown."""
    if found.title:
        yield f"<h4>{text(found.title)}</h4>"
    if found.fields:
        yield '<table class="fields"><thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead><tbody>'
        for row in found.fields:
            yield from _field(row)
        yield "</tbody></table>"
    for file in found.files:
        yield from _file(file)
    if found.note:
        yield f'<p class="soft">{text(found.note)}</p>'


def _field(row: Row) -> Iterator[str]:
    notes = "".join(f'<br><span class="warn">{text(mark)}</span>' for mark in row.marks)
    head = f"<th scope=row>{name(row.name)}{notes}</th>"
    if row.items:
        lines = "".join(_item(line) for line in row.items)
        yield f'<tr>{head}<td colspan="2"><pre>{lines}</pre></td></tr>'
        return
    before = _value("gone", row.before, row.after)
    yield f"<tr>{head}{before}{_value('new', row.after, row.before)}</tr>"


def _value(kind: str, own: str | None, other: str | None) -> str:
    """One side of a field."""
    return "<td></td>" if own is None else f'<td class="{kind}"><code>{_marked(own, other)}</code></td>'


def _item(line: str) -> str:
    kind = {"+": "new", "-": "gone"}.get(line[:1], "same")
    return f'<span class="{kind}">{value(line)}\n</span>'


def _file(file: FileText) -> Iterator[str]:
    note = f' <span class="soft">({text(file.note)})</span>' if file.note else ""
    yield f'<p class="file"><strong>{text(file.title)}</strong>{note}</p>'
    if file.lines:
        yield f'<table class="sides" aria-label="{text(file.title)}">{COLUMNS}<tbody>'
        yield from _sides(file.lines)
        yield "</tbody></table>"


def _sides(lines: Sequence[str]) -> Iterator[str]:
    """A unified diff as rows: what was on the left, what will be on the right, each line with its number."""
    numbers = [0, 0]
    gone: list[str] = []
    new: list[str] = []
    for line in (*lines, END):
        kind = line[:1]
        if kind == NO_LINE_FEED:
            continue
        if kind == "-":
            gone.append(line[1:])
        elif kind == "+":
            new.append(line[1:])
        else:
            yield from _changed(gone, new, numbers)
            gone, new = [], []
            yield from _same(line, numbers)


def _same(line: str, numbers: list[int]) -> Iterator[str]:
    """The head of a part of a diff, or a line that is on both sides."""
    if found := HUNK.match(line):
        numbers[:] = [int(found[1]), int(found[2])]
        yield f'<tr class="hunk"><td colspan="4">{text(line)}</td></tr>'
    elif line != END:
        shown = value(line[1:])
        yield f"<tr>{_cell('same before', numbers[0], shown)}{_cell('same', numbers[1], shown)}</tr>"
        numbers[:] = [number + 1 for number in numbers]


def _changed(gone: Sequence[str], new: Sequence[str], numbers: list[int]) -> Iterator[str]:
    """Lines that went, each beside one that came."""
    for before, after in zip_longest(gone, new):
        left = _cell("gone", numbers[0], _marked(before, after)) if before is not None else _cell("none", 0, "")
        right = _cell("new", numbers[1], _marked(after, before)) if after is not None else _cell("none", 0, "")
        yield f"<tr>{left}{right}</tr>"
        numbers[0] += before is not None
        numbers[1] += after is not None


def _cell(kind: str, number: int, shown: str) -> str:
    return f'<td class="number {kind}">{number or ""}</td><td class="{kind}">{shown}</td>'


def _marked(own: str, other: str | None) -> str:
    """A line, in which what lies between the beginning and the end that it shares with the other is marked."""
    if other is None or own == other:
        return value(own)
    shortest = min(len(own), len(other))
    begin = next((place for place in range(shortest) if own[place] != other[place]), shortest)
    rest = shortest - begin
    end = next((place for place in range(rest) if own[-1 - place] != other[-1 - place]), rest)
    middle = own[begin : len(own) - end]
    if not middle or (begin < 3 and end < 3):
        return value(own)
    return f"{value(own[:begin])}<mark>{value(middle)}</mark>{value(own[len(own) - end :])}"
