"""A plan as one pull-request comment: a function of the plan and of the host's dialect. Knows no service.

Every section has a share of the room and is filled by whole lines, so the comment is valid Markdown
however long the plan is. What takes something away comes first and is dropped last.
"""

from collections.abc import Iterable, Iterator, Sequence

from bep.planner.plan import Drift, Judgement, Plan, PlanFinding, Verdict, Violation
from bep.planner.rendering import policies
from bep.planner.rendering.dialects import GITHUB, Dialect
from bep.planner.rendering.layout import Item, Row, counts, drift_rows, hidden, items, rows, summary, verdict
from bep.planner.rendering.quoting import code, fenced, link, markdown, shortened

CALLOUTS, DRIFT, ROLLBACK, NOTES, DETAIL, FACTS = 0.25, 0.125, 0.125, 0.06, 0.18, 0.04
RESERVE = 400
ELSEWHERE = "the plan as text has them all"
LONGEST_NAME, LONGEST_VALUE, LONGEST_SENTENCE = 120, 400, 1_000


def marker(plan: Plan, dialect: Dialect = GITHUB) -> str:
    """The hidden line by which a later comment of the same workspace and stage finds this one."""
    return dialect.marker(f"{plan.workspace} in {plan.stage}" if plan.stage else plan.workspace)


def render(plan: Plan, dialect: Dialect = GITHUB, elsewhere: str = ELSEWHERE, run: str = "") -> str:
    """The comment, never longer than the host takes.

    `elsewhere` says where to see what is left out, and `run` is the address of the pipeline's run that has it.
    """
    shown, room = items(plan), dialect.room
    where = markdown(elsewhere) + (f"; the plan was made in {link('this run', run)}" if run else "")

    def section(title: str, lines: Iterable[str], share: float, what: str) -> list[str]:
        return _section(title, lines, int(room * share), f"{what}, left out here: {where}")

    head = [marker(plan, dialect), "", *_verdict(plan, shown), *_table(plan)]
    callouts = section("Look here first", _callouts(plan, shown), CALLOUTS, "remarks")
    drift = section("Changed outside bep", _drift(plan.drift), DRIFT, "changes outside bep")
    rollback = section("Rollback", _rollback(plan), ROLLBACK, "steps")
    held = policies.sentence(plan)
    notes = [f"- {_said(note)}" for note in (*([held] if held else ()), *plan.notes)]
    facts = _facts(plan, int(room * FACTS))
    tail = [*drift, *facts, *rollback, *section("Notes", notes, NOTES, "notes")]
    left = room - _size([*head, *callouts, *tail, where]) - 2
    return "\n".join([*head, *callouts, *_changes(shown, left, dialect, where), *tail]).rstrip() + "\n"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _said(text: str) -> str:
    return markdown(shortened(text, LONGEST_SENTENCE))


def _named(text: str) -> str:
    return code(shortened(text, LONGEST_NAME))


def _verdict(plan: Plan, shown: Sequence[Item]) -> list[str]:
    workspace = f" of {_named(plan.workspace)}" if plan.workspace else ""
    stage = f" in {_named(plan.stage)}" if plan.stage else ""
    provider = f" on {_named(plan.provider)}" if plan.provider else ""
    return [f"### Plan{workspace}{stage}{provider}: {_judgement(plan, shown)}"]


def _judgement(plan: Plan, shown: Sequence[Item]) -> str:
    if blocking := len(plan.blocking):
        return f"not to be applied, {blocking} {'error' if blocking == 1 else 'errors'}"
    if denied := len(plan.denials):
        return f"not to be applied, denied by {denied} {'policy' if denied == 1 else 'policies'}"
    if not shown:
        return "nothing to do"
    risky = sum(1 for item in shown if item.risky)
    if risky:
        return (
            f"{_changes_of(len(shown))}, {risky} of them {'deletes or replaces' if risky == 1 else 'delete or replace'}"
        )
    return f"{_changes_of(len(shown))}, nothing is deleted"


def _changes_of(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def _table(plan: Plan) -> list[str]:
    found = counts(plan)
    if not found:
        return ["", f"{plan.unchanged} resources match their specs."]
    names = " | ".join(word for word, _ in found)
    figures = " | ".join(str(count) for _, count in found)
    return ["", f"| {names} | unchanged |", "|-:" * (len(found) + 1) + "|", f"| {figures} | {plan.unchanged} |"]


def _section(title: str, lines: Iterable[str], budget: int, what: str) -> list[str]:
    """The lines under a heading while they fit, and then how many were left out."""
    every = list(lines)
    if not every:
        return []
    kept: list[str] = []
    spent = 0
    for line in every:
        spent += len(line.encode()) + 1
        if spent > budget:
            kept.append(f"- and {len(every) - len(kept)} more {what}")
            break
        kept.append(line)
    return ["", f"#### {title}", "", *kept]


def _facts(plan: Plan, budget: int) -> list[str]:
    """Each sort of fact as a block of bounded size."""
    if not (plan.changes or plan.since):
        return []
    from bep.planner.rendering.facts import sections

    blocks = ((title, [shortened(line, LONGEST_VALUE) for line in lines]) for title, lines in sections(plan))
    return [line for title, lines in blocks for line in ("", f"#### {title}", "", *fenced(_bounded(lines, budget)))]


def _callouts(plan: Plan, shown: Sequence[Item]) -> Iterator[str]:
    """Errors, what is taken away, warnings: one line each."""
    for severity in ("error", "warning"):
        for found in plan.findings:
            if found.severity == severity:
                yield _finding(found)
        if severity == "error":
            yield from (line for one in plan.denials for line in _policy(one))
            yield from (f"- {_named(item.address)} {_said(verdict(item))}" for item in shown if item.risky)
    yield from (line for one in policies.spoken(plan) if one.verdict is Verdict.WARN for line in _policy(one))


def _policy(one: Judgement) -> Iterator[str]:
    """What a policy says: a line for each violation, below one for the policy."""
    why = f": {_said(one.description)}" if one.description else ""
    yield f"- **{policies.said(one)}** by policy {_named(one.policy)} at {_named(policies.place(one))}{why}"
    yield from (f"  - {line}" for line in policies.violations(one, _violation))


def _violation(found: Violation) -> str:
    return f"{_named(found.address)}: {_said(found.message)}" if found.address else _said(found.message)


def _finding(found: PlanFinding) -> str:
    allowed = " (allowed)" if found.allowed else ""
    place = f" at {_named(f'{found.file}:{found.line}')}" if found.file else ""
    fix = f" Fix: {_said(found.fix)}." if found.fix and not found.allowed else ""
    return f"- **{found.severity}**{allowed} {_named(found.address)}{place}: {_said(found.message)}.{fix}"


def _changes(shown: Sequence[Item], budget: int, dialect: Dialect, where: str) -> list[str]:
    """One line for each item while they fit, opened up into details from the riskiest on while those fit.

    The details of what takes something away may use half of the room before any other line is written.
    """
    if not shown:
        return []
    heading = ["", "#### Changes", ""]
    left = budget - _size(heading) - RESERVE
    risky = _opened([item for item in shown if item.risky], dialect, left // 2)
    left -= sum(_size(block) for block in risky)
    lines = _fitting([[_line(item, dialect)] for item in shown[len(risky) :]], left)
    left -= sum(_size(line) for line in lines)
    kept = len(risky) + len(lines)
    more = _opened(shown[len(risky) : kept], dialect, left, [_size(line) for line in lines])
    blocks = [*risky, *more, *lines[len(more) :]]
    text = [line for block in blocks for line in block]
    dropped = _dropped(len(shown), kept, len(risky) + len(more), where)
    return [*heading, *text[: -1 if text[-1:] == [""] else None], *dropped]


def _opened(shown: Sequence[Item], dialect: Dialect, budget: int, spent: Sequence[int] = ()) -> list[list[str]]:
    """The details of the first items that fit; `spent` is what their lines, which the details stand for, took up."""
    found: list[list[str]] = []
    for number, item in enumerate(shown):
        block = _details(item, dialect)
        budget -= _size(block) - (spent[number] if spent else 0)
        if budget < 0:
            break
        found.append(block)
    return found


def _fitting(blocks: Sequence[list[str]], budget: int) -> list[list[str]]:
    found: list[list[str]] = []
    for block in blocks:
        budget -= _size(block)
        if budget < 0:
            break
        found.append(block)
    return found


def _dropped(whole: int, kept: int, opened: int, where: str) -> list[str]:
    if opened == whole:
        return []
    left_out = f", {whole - kept} changes are left out altogether" if kept < whole else ""
    short = f"details of {kept - opened} changes are left out" if opened < kept else "all details are shown"
    return ["", f"For want of room {short}{left_out}, the least risky first; {where}."]


def _title(item: Item) -> str:
    reason = f" ({item.last.reason})" if item.last.reason and item.risky else ""
    return shortened(summary(item) + reason, LONGEST_VALUE)


def _subject(item: Item) -> str:
    return f"{item.symbol} {shortened(item.address, LONGEST_NAME)}"


def _line(item: Item, dialect: Dialect) -> str:
    return dialect.line(_subject(item), _title(item))


def _details(item: Item, dialect: Dialect) -> list[str]:
    body = _bounded(list(_body(item)), int(dialect.room * DETAIL))
    return dialect.block(_subject(item), _title(item), body, shortened(verdict(item), LONGEST_SENTENCE))


def _bounded(body: Sequence[str], budget: int) -> list[str]:
    """The lines while they fit, and how many more there are."""
    kept: list[str] = []
    spent = 0
    for line in body:
        spent += len(line.encode()) + 1
        if spent > budget:
            kept.append(f"  and {len(body) - len(kept)} more lines")
            break
        kept.append(line)
    return kept


def _body(item: Item) -> Iterator[str]:
    for row in rows(item):
        yield from _row(row)
    if count := hidden(item):
        yield f"  ({count} unchanged {'field' if count == 1 else 'fields'} hidden)"


def _row(row: Row) -> Iterator[str]:
    name = shortened(row.name, LONGEST_NAME)
    for symbol, side in (("-", row.before), ("+", row.after)):
        if side is not None:
            yield f"{symbol} {name}: {shortened(side, LONGEST_VALUE)}"
    if row.items:
        yield f"  {name}:"
        yield from (shortened(line, LONGEST_VALUE) for line in row.items)
    yield from (f"! {name}: {mark}" for mark in row.marks)


def _drift(drift: Sequence[Drift]) -> Iterator[str]:
    for found in drift:
        when = f" (bep applied it {_said(found.applied_at)})" if found.applied_at else ""
        what = "is gone" if found.gone else ", ".join(_moved(row) for row in drift_rows(found.diffs)[:5])
        more = f" and {len(found.diffs) - 5} more" if len(found.diffs) > 5 else ""
        yield f"- {_named(found.address)} {what}{more}{when}: {_said(found.answer)}"


def _moved(row: Row) -> str:
    old, new = (code(shortened(side or "(none)", LONGEST_NAME)) for side in (row.before, row.after))
    return f"{_named(row.name)} {old} → {new}"


def _rollback(plan: Plan) -> Iterator[str]:
    """What cannot be taken back first; then how the rest would be."""
    stuck = [undo for undo in plan.rollback if undo.obstacle]
    if not plan.rollback:
        return
    if not stuck:
        yield "All of it can be taken back, in this order:"
        yield ""
    for undo in stuck:
        yield f"- **cannot be taken back**: {_named(undo.address)}: {_said(undo.obstacle)}"
    for undo in plan.rollback:
        if not undo.obstacle:
            about = f" ({_said(undo.summary)})" if undo.summary else ""
            yield f"- {undo.action} {_named(undo.address)}{about}"
