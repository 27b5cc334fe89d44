"""A plan as text for a terminal: its review, drawn as lines. Knows no terminal: whoever prints says how wide it is."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bep.planner.plan import Plan, PlanFinding
from bep.planner.rendering.layout import summary_of
from bep.planner.rendering.quoting import plain

if TYPE_CHECKING:
    from bep.planner.rendering.layout import Row
    from bep.planner.rendering.sections import Block, Detail, FileText, Group, Point, Review, Section, Step, Traffic

RED, GREEN, YELLOW, BLUE, CYAN, BOLD = "31", "32", "33", "34", "36", "1"
COLOURS = {
    **{"+": GREEN, "~": YELLOW, "-": RED, "-/+": RED, ">": CYAN, "=": BLUE, ".": BLUE, "^": BLUE, "@": CYAN},
    **{"error": RED, "denied": RED, "cannot be undone": RED, "high": RED},
    **{"warning": YELLOW, "medium": YELLOW, "low": CYAN, "title": BOLD},
}
WIDEST, NARROWEST = 44, 40
NOT_CONCISE = ("details", "values", "outputs", "since")
"""Sections that are left out where few lines are wanted."""

Paint = Callable[[str, str], str]


def render(plan: Plan, colour: bool = False, *, width: int = 0, concise: bool = False, undo: str = "") -> str:
    """The whole plan, line feed at the end. With `colour`, ANSI colours; with `width`, sentences are broken to fit.

    `concise` leaves out details, variables and outputs. `undo` is what to type to take the plan back.
    """
    if _is_nothing(plan):
        return f"{summary_of(plan)}\n"
    from bep.planner.rendering.review import review_of

    page = _Page(_painted if colour else _bare, width)
    review = review_of(plan, undo)
    shown = [section for section in review.sections if not (concise and section.name in NOT_CONCISE)]
    blocks = [list(page.section(section)) for section in shown]
    if plan.changes or plan.blocking:
        blocks.insert(0, list(page.head(review)))
    blocks.append(list(page.wrapped(plain(review.summary))))
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _is_nothing(plan: Plan) -> bool:
    """Whether there is nothing to say but that: the plan that is made most often takes no time to show."""
    told = plan.changes, plan.drift, plan.findings, plan.policies, plan.since, plan.notes, plan.outputs
    return not any(told)


def findings_text(findings: Sequence[PlanFinding], colour: bool = False) -> str:
    """Findings on their own, without a line feed at the end."""
    paint = _painted if colour else _bare
    return "\n\n".join("\n".join(_finding(found, paint)) for found in findings)


def _finding(found: PlanFinding, paint: Paint) -> list[str]:
    place = f"{plain(found.file)}:{found.line}:{found.column}: " if found.file else ""
    severity = f"{found.severity} (allowed)" if found.allowed else found.severity
    lines = [f"{place}{paint(found.severity, severity)}: {plain(found.address)}: {plain(found.message)}"]
    return [*lines, f"    fix: {plain(found.fix)}"] if found.fix and not found.allowed else lines


def _bare(symbol: str, text: str) -> str:
    return text


def _painted(symbol: str, text: str) -> str:
    return f"\x1b[{COLOURS[symbol]}m{text}\x1b[0m" if symbol in COLOURS else text


class _Page:
    """How lines are drawn: painted, and broken at a width if there is one."""

    def __init__(self, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = max(width, NARROWEST) if width else 0

    def head(self, review: "Review") -> Iterator[str]:
        """The verdict."""
        from bep.planner.rendering.sections import sentence

        verdict = review.verdict
        yield f"{self.paint('title', plain(review.title))}: {self.paint(verdict.mark, verdict.word)}"
        yield from self.wrapped(plain(sentence(verdict.sentence)))

    def section(self, section: "Section") -> Iterator[str]:
        """A title and its entries."""
        from bep.planner.rendering.sections import sentence

        yield self.paint("title", section.title)
        for lead in section.lead:
            yield from self.wrapped(plain(sentence(lead)), 2)
        drawn: dict[str, Callable[[Any], Iterator[str]]] = {
            "traffic": self._traffic,
            "changes": self._changes,
            "details": self._details,
        }
        if section.entries:
            yield from drawn.get(section.name, self._points)(section.entries)

    def wrapped(self, text: str, indent: int = 0, first: str = "", painted: str = "") -> Iterator[str]:
        """A text as lines, `first` ahead of it and the following ones below where it began.

        `painted` is the same as `first`, in colour: what colour is has no width.
        """
        hang = indent + len(first)
        head = " " * indent + (painted or first)
        if not self.width or hang + len(text) <= self.width:
            yield head + text
            return
        if hang > self.width // 2:
            yield head.rstrip()
            yield from self.wrapped(text, indent + 6)
            return
        for number, line in enumerate(_broken(text, self.width - hang)):
            yield f"{head if not number else ' ' * hang}{line}"

    def _points(self, entries: "Sequence[Point]") -> Iterator[str]:
        from bep.planner.rendering.sections import FIX, others

        widest = max((len(point.mark) for point in entries), default=0)
        for point in entries:
            mark = f"{point.mark:<{widest}}  " if widest else ""
            painted = mark.replace(point.mark, self.paint(point.mark, point.mark), 1) if point.mark else mark
            place = f" ({plain(point.place)})" if point.place else ""
            subject = f"{plain(point.subject)}: " if point.subject else ""
            also = f", {plain(others(point.also))}" if point.also else ""
            yield from self.wrapped(f"{subject}{plain(point.text)}{place}{also}", 2, mark, painted)
            for line in point.under:
                yield from self.wrapped(plain(line), 2 + len(mark) + 2)
            if point.fix:
                yield from self.wrapped(plain(point.fix), 2 + len(mark) + 2, f"{FIX}: ".lower())

    def _traffic(self, entries: "Sequence[Traffic]") -> Iterator[str]:
        from bep.planner.rendering.sections import others, split

        widest = min(max(len(row.endpoint) for row in entries), WIDEST)
        for row in entries:
            moves = split(row.before) if row.before == row.after else f"{split(row.before)} -> {split(row.after)}"
            said = "; ".join(filter(None, (moves, row.note, others(row.also))))
            yield from self.wrapped(plain(said), 2, f"{plain(row.endpoint):<{widest}}  ")

    def _changes(self, entries: "Sequence[Group]") -> Iterator[str]:
        from bep.planner.rendering.sections import SHARED, others

        alone = len(entries) == 1 and not entries[0].also
        for group in entries:
            if not alone:
                also = f", {others(group.also)}" if group.also else ""
                yield from self.wrapped(plain(f"{group.title or SHARED}{also}"), 2)
            widest = min(max(len(step.subject) for step in group.steps), WIDEST)
            words = max(len(step.word) for step in group.steps)
            for step in group.steps:
                yield from self._step(step, 2 if alone else 4, words, widest)

    def _step(self, step: "Step", indent: int, words: int, widest: int) -> Iterator[str]:
        from bep.planner.rendering.sections import others

        number = f"{step.number:>5}  " if step.number else ""
        rest = f"{step.word:<{words}}  {plain(step.subject):<{widest}}  "
        first = f"{number}{step.symbol:>3} {rest}"
        painted = f"{number}{self.paint(step.symbol, f'{step.symbol:>3}')} {rest}"
        text = "; ".join(filter(None, (step.text, others(step.also))))
        yield from self.wrapped(plain(text), indent, first, painted)

    def _details(self, entries: "Sequence[Detail]") -> Iterator[str]:
        from bep.planner.rendering.details import blocks

        for number, detail in enumerate(entries):
            head = f"{self.paint(detail.symbol, detail.symbol)} {plain(detail.subject)} {plain(detail.sentence)}"
            yield from ("", head) if number else (head,)
            for block in blocks(detail):
                yield from self._block(block)

    def _block(self, block: "Block") -> Iterator[str]:
        if block.title:
            yield f"  {plain(block.title)}"
        yield from self._fields(block.fields)
        for file in block.files:
            yield from self._file(file)
        if block.note:
            yield f"    ({block.note})"

    def _fields(self, found: "Sequence[Row]") -> Iterator[str]:
        width = min(max([len(row.name) for row in found], default=0), WIDEST)
        for symbol, name, before, after, marks, lines in found:
            value = plain((before if after is None else after) or "")
            if symbol == "~" and before is not None and after is not None:
                value = f"{plain(before)} -> {value}"
            line = f"    {self.paint(symbol, symbol)} {plain(name):<{width}}  {value}"
            yield line + "".join([f"   # {plain(mark)}" for mark in marks]) if marks else line
            for part in lines:
                yield f"        {self.paint(part[:1], plain(part))}"

    def _file(self, file: "FileText") -> Iterator[str]:
        note = f" ({plain(file.note)})" if file.note else ""
        yield f"    {self.paint(file.symbol, file.symbol)} {plain(file.title)}{note}"
        yield from (f"        {self.paint(line[:1], plain(line))}" for line in file.lines)


def _broken(text: str, room: int) -> Iterator[str]:
    """The words in lines that fit; a word that is too long has a line of its own."""
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line
