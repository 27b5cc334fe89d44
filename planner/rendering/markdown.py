"""A plan as one pull-request comment: its review, drawn in the dialect of a host. Knows no service.

Every section has a share of the room and is filled by whole lines, so the comment is valid Markdown however long the
plan is. The riskiest comes first and is dropped last.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from bep.planner.plan import Plan
from bep.planner.rendering.dialects import GITHUB, Dialect
from bep.planner.rendering.grouping import RANK
from bep.planner.rendering.markdown_lines import (
    detail_lines,
    group_line,
    point_lines,
    said,
    step_line,
    table_head,
    traffic_line,
)
from bep.planner.rendering.quoting import link, markdown
from bep.planner.rendering.review import review_of
from bep.planner.rendering.sections import Detail, Entry, Group, Point, Review, Section, Step, Traffic, sentence

SHARES: Final = {
    "stops": 0.15,
    "risks": 0.15,
    "traffic": 0.06,
    "jobs": 0.06,
    "drift": 0.08,
    "findings": 0.08,
    "policies": 0.05,
    "notes": 0.03,
    "outputs": 0.03,
    "rollback": 0.05,
    "values": 0.03,
    "since": 0.05,
}
"""How much of the room a section may fill at most; changes and details have what is left."""
RISKY, DETAIL, RESERVE = 0.5, 0.18, 400
"""What the details of risky changes may fill before changes are listed, and what one detail may fill."""
TAKING: Final = ("-/+", "-")
ELSEWHERE = "the plan as text has them all"


def marker(plan: Plan, dialect: Dialect = GITHUB) -> str:
    """The hidden line by which a later comment of the same workspace and stage finds this one.

    What was planned in another world than bep.yml's is another plan, so it is in a comment of its own.
    """
    name = f"{plan.workspace} in {plan.stage}" if plan.stage else plan.workspace
    return dialect.marker(f"{name} on {plan.provider}" if plan.in_other_world else name)


def render(plan: Plan, dialect: Dialect = GITHUB, elsewhere: str = ELSEWHERE, run: str = "", undo: str = "") -> str:
    """The comment, never longer than the host takes.

    `elsewhere` says where to see what is left out, and `run` is the address of the pipeline's run that has it. `undo`
    is what to type to take the plan back.
    """
    where = markdown(elsewhere) + (f"; the plan was made in {link('this run', run)}" if run else "")
    review = review_of(plan, undo)
    head = [marker(plan, dialect), "", *_head(review)]
    page = {each.name: _section(each, dialect, where) for each in review.sections if each.name in SHARES}
    left = dialect.room - _size(head) - sum(map(_size, page.values())) - 2 * _size([where]) - RESERVE
    page |= _changes({each.name: each for each in review.sections}, left, dialect, where)
    return "\n".join([*head, *(line for each in review.sections for line in page[each.name])]).rstrip() + "\n"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _head(review: Review) -> list[str]:
    """The verdict, and what is counted."""
    title = f"### {said(review.title)}: {review.verdict.word}"
    return [title, "", f"**{said(sentence(review.verdict.sentence))}**", "", said(review.summary)]


def _section(section: Section, dialect: Dialect, where: str) -> list[str]:
    """A heading, and the entries while they fit, then how many were left out."""
    budget = int(dialect.room * SHARES[section.name])
    lines = [line for lead in section.lead for line in (said(sentence(lead)), "")]
    if section.name == "traffic":
        lines += table_head()
    left_out = 0
    for number, entry in enumerate(section.entries):
        own = _entry(entry)
        if _size(own) > budget:
            left_out = len(section.entries) - number
            break
        lines += own
        budget -= _size(own)
    if left_out:
        more = f"and {left_out} more {section.what}, left out here: {where}"
        lines += ["", more] if section.name == "traffic" else [f"- {more}"]
    if section.folded:
        return ["", *dialect.fold(section.title, lines)]
    return _titled(section.title, lines, "")


def _entry(entry: Entry) -> list[str]:
    if isinstance(entry, Traffic):
        return [traffic_line(entry)]
    return list(point_lines(entry)) if isinstance(entry, Point) else []


def _changes(named: dict[str, Section], left: int, dialect: Dialect, where: str) -> dict[str, list[str]]:
    """A line for each step and its details, the riskiest first while they fit.

    The details of what is risky may use half of the room before a line is written.
    """
    if "changes" not in named:
        return {}
    changes, details = named["changes"], named.get("details", Section("details", "Details", "details"))
    every = [each for each in details.entries if isinstance(each, Detail)]
    risky = [each for each in every if each.mark or each.item.risky]
    opened = _opened(risky, dialect, int(left * RISKY))
    listed = _listed(changes, left - _size(opened.lines), where)
    left -= _size(opened.lines) + _size(listed)
    if opened.number == len(risky):
        more = _opened(every[opened.number :], dialect, left)
        opened = _Opened([*opened.lines, *more.lines], opened.number + more.number)
    return {
        "changes": listed,
        "details": _titled(details.title, opened.lines, _unopened(every[opened.number :], where)),
    }


class _Opened(NamedTuple):
    """Lines of details, and of how many."""

    lines: list[str]
    number: int


def _opened(details: Sequence[Detail], dialect: Dialect, budget: int) -> _Opened:
    """The first details that fit."""
    lines: list[str] = []
    for number, detail in enumerate(details):
        own = detail_lines(detail, dialect, int(dialect.room * DETAIL))
        budget -= _size(own)
        if budget < 0:
            return _Opened(lines, number)
        lines += own
    return _Opened(lines, len(details))


def _unopened(details: Sequence[Detail], where: str) -> str:
    """How many details are left out."""
    if not details:
        return ""
    which = "the details of 1 change are" if len(details) == 1 else f"the details of {len(details)} changes are"
    return f"For want of room {which} left out, the least risky first; {where}."


def _listed(changes: Section, budget: int, where: str) -> list[str]:
    """The lines of the steps that fit, group by group; the riskiest are taken first."""
    groups = [each for each in changes.entries if isinstance(each, Group)]
    alone = len(groups) == 1 and not groups[0].also
    found = [(place, step) for place, group in enumerate(groups) for step in group.steps]
    taken: dict[int, str] = {}
    heads: dict[int, str] = {}
    for number in sorted(range(len(found)), key=lambda number: _weight(found[number][1])):
        place, step = found[number]
        line, head = step_line(step, not alone), heads.get(place) or group_line(groups[place])
        budget -= _size([line, *([] if place in heads or alone else [head])])
        if budget < 0:
            break
        taken[number], heads[place] = line, head
    shown: list[str] = []
    for place, many in groupby(range(len(found)), key=lambda number: found[number][0]):
        shown += [heads[place]] if place in heads and not alone else []
        shown += [taken[number] for number in many if number in taken]
    left_out = sum(_count(groups[place], step) for number, (place, step) in enumerate(found) if number not in taken)
    more = f"For want of room {left_out} changes are left out, the least risky first; {where}." if left_out else ""
    return _titled(changes.title, shown, more)


def _weight(step: Step) -> tuple[int, bool]:
    """What has less comes first."""
    return RANK[step.mark], step.symbol not in TAKING


def _count(group: Group, step: Step) -> int:
    """How many changes a line stands for."""
    return (1 + len(step.also)) * (1 + len(group.also))


def _titled(title: str, lines: Sequence[str], more: str) -> list[str]:
    if not lines and not more:
        return []
    return ["", f"#### {title}", "", *lines[: -1 if lines[-1:] == [""] else None], *(["", more] if more else [])]
