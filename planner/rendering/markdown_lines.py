"""Entries of a review as lines of Markdown, safe on every host. Knows no limit of a comment."""

from collections.abc import Iterator, Sequence
from typing import Final

from bep.planner.rendering.details import blocks
from bep.planner.rendering.dialects import Dialect
from bep.planner.rendering.layout import Row
from bep.planner.rendering.quoting import cell, code, markdown, shortened
from bep.planner.rendering.sections import (
    FIX,
    ROUTE_HEADS,
    SHARED,
    Block,
    Detail,
    FileText,
    Group,
    Point,
    Step,
    Traffic,
    others,
    split,
)

LONGEST_NAME, LONGEST_VALUE, LONGEST_SENTENCE = 120, 400, 1_000
UNDER: Final = "    - "
"""A point below another: four spaces are what all of them take for one."""


def said(text: str) -> str:
    """A text as running Markdown, of bounded length."""
    return markdown(shortened(text, LONGEST_SENTENCE))


def named(text: str) -> str:
    """A name as code, of bounded length."""
    return code(shortened(text, LONGEST_NAME))


def point_lines(point: Point) -> Iterator[str]:
    """A point of a list, with those below it."""
    mark = f"**{point.mark}** " if point.mark else ""
    subject = f"{named(point.subject)}: " if point.subject else ""
    place = f" ({named(point.place)})" if point.place else ""
    also = f"; {said(others(point.also))}" if point.also else ""
    fix = f" {FIX}: {said(point.fix)}." if point.fix else ""
    stop = "." if fix else ""
    yield f"- {mark}{subject}{said(point.text)}{place}{also}{stop}{fix}"
    yield from (f"{UNDER}{said(line)}" for line in point.under)


def table_head() -> list[str]:
    """The head of the table of traffic."""
    return [f"| {' | '.join(ROUTE_HEADS)} |", "|-" * len(ROUTE_HEADS) + "|"]


def traffic_line(row: Traffic) -> str:
    """A row of the table of traffic."""
    before, after = (cell(shortened(split(shares), LONGEST_NAME)) for shares in (row.before, row.after))
    note = "; ".join(filter(None, (row.note, others(row.also))))
    cells = (cell(shortened(row.endpoint, LONGEST_NAME)), before, after, cell(shortened(note, LONGEST_VALUE)))
    return f"| {' | '.join(cells)} |"


def group_line(group: Group) -> str:
    """The line above the steps of a group."""
    title = named(group.title) if group.title else SHARED
    return f"- {title}{f', {said(others(group.also))}' if group.also else ''}"


def step_line(step: Step, under: bool) -> str:
    """One change in a line."""
    risk = f" ({step.mark} risk)" if step.mark else ""
    number = f"{step.number}. ".replace(".", "\\.") if step.number else ""
    text = "; ".join(filter(None, (step.text, others(step.also))))
    about = f": {markdown(shortened(text, LONGEST_VALUE))}" if text else ""
    return f"{UNDER if under else '- '}{number}**{step.word}** {named(step.subject)}{risk}{about}"


def detail_lines(detail: Detail, dialect: Dialect, budget: int) -> list[str]:
    """The fields and files of a step, folded where the host can; nothing where there are none."""
    body = list(_bounded(_body(blocks(detail)), budget))
    if not body:
        return []
    title = shortened("; ".join(filter(None, (detail.sentence, others(detail.also)))), LONGEST_VALUE)
    return dialect.block(f"{detail.symbol} {shortened(detail.subject, LONGEST_NAME)}", title, body, "")


def _bounded(body: Iterator[str], budget: int) -> Iterator[str]:
    """The lines while they fit, and how many more there are."""
    spent, left_out = 0, 0
    for line in body:
        spent += len(line.encode()) + 1
        if spent > budget:
            left_out += 1
        else:
            yield line
    if left_out:
        yield f"  and {left_out} more lines"


def _body(found: Sequence[Block]) -> Iterator[str]:
    for number, block in enumerate(found):
        if number:
            yield ""
        if block.title:
            yield f"@@ {shortened(block.title, LONGEST_VALUE)} @@"
        for row in block.fields:
            yield from _row(row)
        for file in block.files:
            yield from _file(file)
        if block.note:
            yield f"  ({block.note})"


def _row(row: Row) -> Iterator[str]:
    name = shortened(row.name, LONGEST_NAME)
    for symbol, side in (("-", row.before), ("+", row.after)):
        if side is not None:
            yield f"{symbol} {name}: {shortened(side, LONGEST_VALUE)}"
    if row.items:
        yield f"  {name}:"
        yield from (shortened(line, LONGEST_VALUE) for line in row.items)
    yield from (f"! {name}: {mark}" for mark in row.marks)


def _file(file: FileText) -> Iterator[str]:
    note = f" ({file.note})" if file.note else ""
    yield f"! {shortened(file.title, LONGEST_VALUE)}{note}"
    yield from (shortened(line, LONGEST_VALUE) for line in file.lines)
