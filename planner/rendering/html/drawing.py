"""The steps of a plan as a drawing: what is done first stands left, a line joins a step with what it waits for."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.planner.plan import Plan
from bep.planner.rendering.html.texts import text, tone
from bep.planner.rendering.quoting import plain
from bep.planner.rendering.sections import Section, Step, steps_of

MOST: Final = 120
"""Steps that are drawn at most: more than these nobody can follow with the eye."""
WIDTH, HEIGHT, GAP, ROW = 196, 46, 48, 62
LONGEST: Final = 25


@dataclass(frozen=True, slots=True)
class _Graph:
    """Steps by their place in the drawing: `needs` are the places of those that a step waits for, `layers` of one
    column each."""

    steps: Sequence[Step]
    needs: Sequence[frozenset[int]]
    layers: Sequence[Sequence[int]]


def drawing(plan: Plan, changes: Section) -> Iterator[str]:
    """The drawing, with a sentence that says how to read it; nothing where no step waits for another."""
    steps = list(steps_of(changes))
    if len(steps) > MOST:
        yield f'<p class="soft">{len(steps)} steps are too many to be drawn.</p>'
        return
    graph = _graph(plan, steps)
    if not any(graph.needs):
        return
    yield '<p class="soft">What stands to the left is done first. A line joins a step with what it waits for.</p>'
    yield f'<div class="chart" tabindex="0">{_svg(graph)}</div>'


def _graph(plan: Plan, steps: Sequence[Step]) -> _Graph:
    """The changes of the plan, each as the step that it is told in."""
    places = {address: place for place, step in enumerate(steps) for address in (step.subject, *step.also)}
    told = {change.id: places[change.address] for change in plan.changes if change.address in places}
    needs: list[set[int]] = [set() for _ in steps]
    for change in plan.changes:
        if change.id in told:
            own = told[change.id]
            needs[own] |= {told[needed] for needed in change.needs if needed in told} - {own}
    layers = _layers(needs)
    return _Graph(steps, _shortest(needs, layers), layers)


def _shortest(needs: Sequence[set[int]], layers: Sequence[Sequence[int]]) -> list[frozenset[int]]:
    """What each step waits for, without what it waits for through another anyhow."""
    behind: dict[int, set[int]] = {}
    for one in (one for layer in layers for one in layer):
        behind[one] = {far for needed in needs[one] for far in (needed, *behind.get(needed, ()))}
    through = [{far for needed in many for far in behind[needed]} for many in needs]
    return [frozenset(many - through[one]) for one, many in enumerate(needs)]


def _layers(needs: Sequence[set[int]]) -> list[list[int]]:
    """Each step one column right of the last that it waits for; in a column, beside what it waits for.

    Two steps that stand for several changes each may wait for one another: such a one is put where it comes.
    """
    column: dict[int, int] = {}
    waiting = list(range(len(needs)))
    while waiting:
        free = [one for one in waiting if all(needed in column for needed in needs[one])] or waiting[:1]
        for one in free:
            column[one] = 1 + max((column[needed] for needed in needs[one] if needed in column), default=-1)
        waiting = [one for one in waiting if one not in column]
    layers: list[list[int]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for one in range(len(needs)):
        layers[column[one]].append(one)
    row: dict[int, float] = {}
    for layer in layers:
        layer.sort(key=lambda one: _between([row[needed] for needed in needs[one] if needed in row]))
        row |= {one: place for place, one in enumerate(layer)}
    return layers


def _between(rows: Sequence[float]) -> float:
    return sum(rows) / len(rows) if rows else 0.0


def _svg(graph: _Graph) -> str:
    tallest = max(map(len, graph.layers))
    width, height = len(graph.layers) * (WIDTH + GAP) - GAP + 8, tallest * ROW + 8
    places = {
        one: (4 + column * (WIDTH + GAP), 4 + row * ROW + (tallest - len(layer)) * ROW / 2)
        for column, layer in enumerate(graph.layers)
        for row, one in enumerate(layer)
    }
    parts = [*_lines(graph, places), *(_box(step, *places[one]) for one, step in enumerate(graph.steps))]
    size = f'viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}"'
    return f'<svg {size} role="img" aria-label="The steps and what each waits for">{"".join(parts)}</svg>'


def _lines(graph: _Graph, places: Mapping[int, tuple[float, float]]) -> Iterator[str]:
    for one, needs in enumerate(graph.needs):
        for needed in sorted(needs):
            (x, y), (left, top) = places[one], places[needed]
            start, end = left + WIDTH, top + HEIGHT / 2
            middle = (start + x) / 2
            at = y + HEIGHT / 2
            yield f'<path class="line" d="M{start:g} {end:g}C{middle:g} {end:g} {middle:g} {at:g} {x:g} {at:g}"/>'


def _box(step: Step, x: float, y: float) -> str:
    kind, _, rest = step.subject.partition("/")
    more = f" and {len(step.also)} more" if step.also else ""
    above = f"{step.symbol} {step.word}: {kind}{more}"
    whole = escape(f"{step.word} {plain(step.subject)}{more}")
    return (
        f'<g class="step {tone(step.mark)} {kind_of_symbol(step.symbol)}"><title>{whole}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text class="soft" x="{x + 10:g}" y="{y + 18:g}">{text(_cut(above))}</text>'
        f'<text x="{x + 10:g}" y="{y + 36:g}">{text(_cut(rest or kind))}</text></g>'
    )


def _cut(said: str) -> str:
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}\u2026"


def kind_of_symbol(symbol: str) -> str:
    """The class that steps of a symbol are drawn in."""
    return {"+": "made", "~": "changed", "-": "taken", "-/+": "taken", ">": "moved"}.get(symbol, "kept")
