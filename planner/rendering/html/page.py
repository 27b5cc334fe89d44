"""The page of a plan: its review, section by section, in one file. No script, no address but its own. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from bep.planner.plan import Change, Plan
from bep.planner.rendering.details import blocks
from bep.planner.rendering.grouping import groups
from bep.planner.rendering.html.differences import block
from bep.planner.rendering.html.drawing import drawing, kind_of_symbol
from bep.planner.rendering.html.style import STYLE
from bep.planner.rendering.html.texts import badge, name, running, text, tone, whole
from bep.planner.rendering.html.traffic import table
from bep.planner.rendering.review import review_of
from bep.planner.rendering.sections import (
    FIX,
    SHARED,
    Detail,
    Group,
    Mark,
    Point,
    Review,
    Section,
    Step,
    Traffic,
    others,
)

ROOM: Final = 6_000_000
"""Characters that details may take; the least risky are left out first, and counted."""
MOST: Final = 2_000
"""Entries of a section other than details: who reads more reads the JSON."""
ELSEWHERE: Final = "the plan as JSON has them all"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
OPEN: Final = (Mark.LOST, Mark.HIGH, Mark.MEDIUM)
"""Marks of details that stand open: what a reviewer should not miss."""
MOST_OPEN: Final = 5


def render(plan: Plan, undo: str = "") -> str:
    """The page. `undo` is what to type to take the plan back."""
    review = review_of(plan, undo)
    title = text(f"{review.title}: {review.verdict.word}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head>\n'
        f"<body><main>\n{_content(plan, review)}\n</main></body></html>\n"
    )


def content(plan: Plan, undo: str = "") -> str:
    """What the page shows, for a page of somebody else's that has the same style. `undo` as for `render`."""
    return _content(plan, review_of(plan, undo))


def differences(changes: Sequence[Change]) -> str:
    """What each of these changes differs in, without a word of what is to be done: for what was done already."""
    said = [one._replace(sentence=one.text) for one in groups(Plan(lineage="", serial=0, changes=tuple(changes)))[1]]
    return "\n".join(_details(said))


def _content(plan: Plan, review: Review) -> str:
    parts = [*_head(review), *(part for section in review.sections for part in _section(plan, section) if part)]
    return "\n".join(parts)


def _head(review: Review) -> Iterator[str]:
    verdict = review.verdict
    yield f"<h1>{text(review.title)}</h1>"
    word = text(verdict.word[:1].upper() + verdict.word[1:])
    yield f'<div class="verdict {tone(verdict.mark)}"><strong>{word}</strong>{whole(verdict.sentence)}</div>'
    yield f"<p>{running(review.summary)}</p>"


def _section(plan: Plan, section: Section) -> Iterator[str]:
    """A heading and the entries; what is folded opens at a click."""
    is_folded = section.folded and section.name != "details"
    yield f"<h2>{text(section.title)}</h2>"
    yield f"<details><summary>{len(section.entries)} {text(section.what)}</summary>" if is_folded else ""
    yield from (f"<p>{whole(lead)}</p>" for lead in section.lead)
    yield from _body(plan, section)
    yield "</details>" if is_folded else ""


def _body(plan: Plan, section: Section) -> Iterator[str]:
    if section.name == "details":
        yield from _details([each for each in section.entries if isinstance(each, Detail)])
        return
    shown = section.entries[:MOST]
    if rows := [each for each in shown if isinstance(each, Traffic)]:
        yield from table(rows)
    if points := [each for each in shown if isinstance(each, Point)]:
        yield f"<ul>{''.join(map(_point, points))}</ul>"
    for group in (each for each in shown if isinstance(each, Group)):
        yield from _group(group, alone=len(section.entries) == 1)
    if left_out := len(section.entries) - len(shown):
        yield f'<p class="soft">And {left_out} more {text(section.what)}: {ELSEWHERE}.</p>'
    if section.name == "changes":
        yield from drawing(plan, section)


def _point(point: Point) -> str:
    subject = f"{name(point.subject)}: " if point.subject else ""
    place = f" ({name(point.place)})" if point.place else ""
    also = f"; {running(others(point.also))}" if point.also else ""
    fix = f'<span class="fix">{FIX}: {whole(point.fix)}</span>' if point.fix else ""
    under = f"<ul>{''.join(f'<li>{running(line)}</li>' for line in point.under)}</ul>" if point.under else ""
    return f"<li>{badge(point.mark)}{subject}{running(point.text)}{place}{also}{fix}{under}</li>"


def _group(group: Group, *, alone: bool) -> Iterator[str]:
    if not alone or group.also:
        title = name(group.title) if group.title else text(SHARED)
        also = f', <span class="soft">{running(others(group.also))}</span>' if group.also else ""
        yield f"<h3>{title}{also}</h3>"
    yield f'<ul class="steps">{"".join(map(_step, group.steps[:MOST]))}</ul>'
    if len(group.steps) > MOST:
        yield f'<p class="soft">And {len(group.steps) - MOST} more steps: {ELSEWHERE}.</p>'


def _step(step: Step) -> str:
    number = f"{text(step.number)}. " if step.number else ""
    about = "; ".join(filter(None, (step.text, others(step.also))))
    risk = badge(step.mark, f"{step.mark} risk") if step.mark else ""
    said = f": {running(about)}" if about else ""
    word = f'<span class="word">{text(step.symbol)} {text(step.word)}</span>'
    return f'<li class="{kind_of_symbol(step.symbol)}">{risk}{number}{word} {name(step.subject)}{said}</li>'


def _details(details: Sequence[Detail]) -> Iterator[str]:
    """What each step changes, the riskiest first while there is room."""
    room = ROOM
    for number, detail in enumerate(details):
        shown = _detail(detail, is_open=detail.mark in OPEN and number < MOST_OPEN)
        room -= len(shown)
        if room < 0:
            left_out = f"the details of {len(details) - number} steps are left out, the least risky first"
            yield f'<p class="soft">For want of room {left_out}: {ELSEWHERE}.</p>'
            return
        yield shown


def _detail(detail: Detail, *, is_open: bool) -> str:
    also = f"; {running(others(detail.also))}" if detail.also else ""
    body = "".join(part for found in blocks(detail) for part in block(found))
    word = f'<span class="word">{text(detail.symbol)}</span>'
    head = f"{word} {badge(detail.mark)}{name(detail.subject)} {running(detail.sentence)}{also}"
    opened = f'<details class="{kind_of_symbol(detail.symbol)}"{" open" if is_open else ""}>'
    return f"{opened}<summary>{head}</summary>{body}</details>"
