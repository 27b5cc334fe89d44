"""A plan as text for a terminal: a function of the plan alone. Knows no terminal: no width, no print."""

from collections.abc import Callable, Iterator, Sequence

from bep.planner.plan import Drift, Plan, PlanFinding, Violation
from bep.planner.rendering.layout import LEGEND, Item, Row, counts, drift_rows, hidden, items, rows, summary, verdict
from bep.planner.rendering.quoting import plain

COLOURS = {
    "+": "32",
    "~": "33",
    "-": "31",
    "-/+": "31",
    ">": "36",
    "=": "34",
    ".": "34",
    "error": "31",
    "warning": "33",
    "denied": "31",
}
WIDEST = 44

Paint = Callable[[str, str], str]


def render(plan: Plan, colour: bool = False) -> str:
    """The whole plan, line feed at the end. With `colour`, ANSI colours for symbols and severities."""
    paint = _painted if colour else _bare
    shown = items(plan)
    blocks = (
        _overview(plan, shown, paint),
        *(_detail(item, paint) for item in shown),
        *_drift(plan.drift),
        *(_finding(found, paint) for found in plan.findings),
        *_policies(plan, paint),
        *_facts(plan),
        [f"Note: {plain(note)}" for note in plan.notes],
        [*_verdict(plan), *_legend(shown, paint)],
    )
    return "\n\n".join("\n".join([line.rstrip() for line in block]) for block in blocks if block) + "\n"


def findings_text(findings: Sequence[PlanFinding], colour: bool = False) -> str:
    """Findings on their own, as a plan shows them, without a line feed at the end."""
    paint = _painted if colour else _bare
    return "\n\n".join("\n".join(_finding(found, paint)) for found in findings)


def _bare(symbol: str, text: str) -> str:
    return text


def _painted(symbol: str, text: str) -> str:
    return f"\x1b[{COLOURS[symbol]}m{text}\x1b[0m" if symbol in COLOURS else text


def _overview(plan: Plan, shown: Sequence[Item], paint: Paint) -> list[str]:
    if not shown:
        return []
    words = (("", plan.workspace), ("in ", plan.stage), ("on ", plan.provider))
    place = " ".join(before + plain(word) for before, word in words if word)
    head = f"Plan for {place}" if place else "Plan"
    in_order = [item.steps[0] for item in shown] == sorted(item.steps[0] for item in shown)
    width = min(max(len(item.address) for item in shown), WIDEST)
    lines = [head + ("" if in_order else ": what is taken away first; the numbers are the order of execution"), ""]
    for item in shown:
        step = "" if in_order else f"{','.join(str(number) for number in item.steps):>5}  "
        symbol = paint(item.symbol, f"{item.symbol:>3}")
        lines.append(f"{step}{symbol} {plain(item.address):<{width}}  {plain(summary(item))}")
    return lines


def _detail(item: Item, paint: Paint) -> list[str]:
    lines = [f"{paint(item.symbol, item.symbol)} {plain(item.address)} {plain(verdict(item))}"]
    lines.extend(_fields(rows(item), paint))
    if count := hidden(item):
        lines.append(f"    ({count} unchanged {'field' if count == 1 else 'fields'} hidden)")
    return lines


def _fields(found: Sequence[Row], paint: Paint) -> Iterator[str]:
    width = min(max([len(row.name) for row in found], default=0), WIDEST)
    for symbol, name, before, after, marks, lines in found:
        value = plain((before if after is None else after) or "")
        if symbol == "~" and before is not None and after is not None:
            value = f"{plain(before)} -> {value}"
        line = f"    {paint(symbol, symbol)} {plain(name):<{width}}  {value}"
        yield line + "".join([f"   # {plain(mark)}" for mark in marks]) if marks else line
        for line in lines:
            yield f"        {plain(line)}"


def _drift(drift: Sequence[Drift]) -> Iterator[list[str]]:
    if not drift:
        return
    yield ["Changed outside bep:"]
    for found in drift:
        when = f" since bep applied it on {plain(found.applied_at)}" if found.applied_at else ""
        what = "was removed" if found.gone else "was changed"
        lines = [f"  {plain(found.address)} {what}{when}; {plain(found.answer)}"]
        lines.extend("  " + line for line in _fields(drift_rows(found.diffs), _bare))
        yield lines


def _facts(plan: Plan) -> Iterator[list[str]]:
    if not (plan.changes or plan.since):
        return
    from bep.planner.rendering.facts import sections

    for title, lines in sections(plan):
        yield [f"{title}:", *(f"  {plain(line)}" for line in lines)]


def _finding(found: PlanFinding, paint: Paint) -> list[str]:
    place = f"{plain(found.file)}:{found.line}:{found.column}: " if found.file else ""
    severity = f"{found.severity} (allowed)" if found.allowed else found.severity
    lines = [f"{place}{paint(found.severity, severity)}: {plain(found.address)}: {plain(found.message)}"]
    return [*lines, f"    fix: {plain(found.fix)}"] if found.fix and not found.allowed else lines


def _policies(plan: Plan, paint: Paint) -> Iterator[list[str]]:
    if not plan.policies:
        return
    from bep.planner.rendering.policies import place, said, spoken, violations

    for one in spoken(plan):
        why = f": {plain(one.description)}" if one.description else ""
        head = f"{plain(place(one))}: {paint(said(one), said(one))} by policy {plain(one.policy)}{why}"
        yield [head, *(f"    {line}" for line in violations(one, _violation))]


def _violation(found: Violation) -> str:
    return f"{plain(found.address)}: {plain(found.message)}" if found.address else plain(found.message)


def _verdict(plan: Plan) -> list[str]:
    if not plan.policies:
        return _verdicts(plan)
    from bep.planner.rendering.policies import sentence

    return [" ".join((*_verdicts(plan), sentence(plan)))]


def _verdicts(plan: Plan) -> list[str]:
    resources = (
        "1 resource matches its spec" if plan.unchanged == 1 else f"{plan.unchanged} resources match their specs"
    )
    blocking = len(plan.blocking)
    refused = f" Not to be applied: {blocking} {'error' if blocking == 1 else 'errors'}." if blocking else ""
    if not plan.changes:
        return [
            f"Nothing can be planned: {blocking} {'error' if blocking == 1 else 'errors'}."
            if blocking
            else f"Nothing to do. {resources}."
        ]
    found = ", ".join(f"{count} to {word}" for word, count in counts(plan))
    return [f"Plan: {found}. {resources}.{refused}" if plan.unchanged else f"Plan: {found}.{refused}"]


def _legend(shown: Sequence[Item], paint: Paint) -> list[str]:
    present = {item.symbol for item in shown}
    return [f"{paint(symbol, f'{symbol:>5}')}  {words}" for symbol, words in LEGEND.items() if symbol in present]
