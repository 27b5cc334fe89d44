"""Drawings of a job's report: SVG of numbers, no script, no asset. Pure; every word that enters is escaped by it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from bep.runner.reporting.html_axis import LEFT, PLOT, RIGHT, WIDTH, Axis
from bep.runner.reporting.html_data import PER_DECADE, Latencies, Timeline
from bep.runner.reporting.numbers import duration, number_of, round_step

FOOT = 26
_ROWS = 40  # workers that get a row
_ROW = 16
_LETTER = 7.0  # width of a letter, at most, in the middle of others
_NAME = 10  # letters beside a row
_NOTE = 130  # width of what is said of a mark, at most


def throughput(timeline: Timeline, axis: Axis) -> str:
    """Items a second over time, as an area."""
    height, top = 190, 10
    most = max(timeline.items.values(), default=0.0) / timeline.width
    scale = _Scale(most, top, height - FOOT)
    areas = []
    for stretch in axis.stretches:
        line = [f"M{stretch.x:.1f} {scale.y(0):.1f}"]
        for number in range(stretch.first, stretch.end):
            y = scale.y(timeline.items.get(number, 0.0) / timeline.width)
            line.append(f"V{y:.1f}H{stretch.x + (number + 1 - stretch.first) * stretch.step:.1f}")
        areas.append(f"{''.join(line)}V{scale.y(0):.1f}Z")
    drawn = f'<path class="area" d="{"".join(areas)}"/>'
    body = [*scale.grid(), drawn, *_time(axis, height), *_cuts(axis, top, height), *_idle(axis, top)]
    said = f"Items scored per second over {duration(axis.shown)} of work; at most {number_of(most)}."
    return _svg("throughput", height, "Throughput over time", said, body)


def workers(timeline: Timeline, axis: Axis, nodes: Sequence[str] = (), each: int = 1) -> str:
    """A row for each worker, or for each of the `nodes`, which have so many (`each`): the darker, the busier; red where
    an attempt failed. Those beyond forty are counted."""
    every, what = timeline.workers, "nodes" if nodes else "workers"
    shown = every[:_ROWS]
    height = _ROW * len(shown) + FOOT + 4
    body: list[str] = []
    for row, worker in enumerate(shown):
        y = row * _ROW + 2
        body.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{_lane(nodes, worker)}</text>')
        body += _idle_row(axis, y)
        for kind, bins in (("busy", timeline.busy), ("failed", timeline.failed)):
            body += _busy(kind, bins.get(worker, {}), timeline.width * each, axis, y)
    body += [*_time(axis, height), *_cuts(axis, 2, height)]
    rest = len(every) - len(shown)
    said = f"When each of {len(every)} {what} was inside run()." + (f" {rest} more are not drawn." if rest else "")
    return _svg("workers", height, "Worker timelines", said, body)


def _lane(nodes: Sequence[str], worker: int) -> str:
    """What stands beside a row. Of a node's name the end is left out where there is no room for it."""
    if worker >= len(nodes):
        return f"worker {worker}"
    name = nodes[worker]
    return escape(name if len(name) <= _NAME else name[: _NAME - 1] + "…")


def _idle_row(axis: Axis, y: float) -> Iterator[str]:
    """What a worker's row is drawn on."""
    for stretch in axis.stretches:
        wide = (stretch.end - stretch.first) * stretch.step
        yield f'<rect class="idle" x="{stretch.x:.1f}" y="{y}" width="{wide:.1f}" height="{_ROW - 4}"/>'


def _busy(kind: str, bins: Mapping[int, float], width: float, axis: Axis, y: float) -> Iterator[str]:
    """Rectangles of one worker; neighbours that are as busy are one. A failure is seen however short it was."""
    for stretch in axis.stretches if bins else ():
        number = stretch.first
        while number < stretch.end:
            shade = _shade(bins, number, width)
            begin = number
            while number < stretch.end and _shade(bins, number, width) == shade:
                number += 1
            if shade:
                x, wide = stretch.x + (begin - stretch.first) * stretch.step, (number - begin) * stretch.step
                opacity = shade / 5 if kind == "busy" else max(0.6, shade / 5)
                share = f'x="{x:.1f}" y="{y}" width="{wide:.2f}" height="{_ROW - 4}" fill-opacity="{opacity:g}"'
                yield f'<rect class="{kind}" {share}/>'


def _shade(bins: Mapping[int, float], number: int, width: float) -> int:
    return min(5, math.ceil(5 * bins.get(number, 0.0) / width))


def latencies(found: Latencies) -> str:
    """How many mini-batches took how long, on a scale of tenfold steps, with median and 95th percentile."""
    height, top = 204, 36
    first, last = min(found.classes), max(found.classes)
    thick = max(1, math.ceil((last - first + 1) / 60))
    bars: dict[int, int] = {}
    for number, count in found.classes.items():
        bars[(number - first) // thick] = bars.get((number - first) // thick, 0) + count
    columns = max(12, max(bars) + 1)
    step = PLOT / columns
    scale = _Scale(max(bars.values()), top, height - FOOT, whole=True)

    def x_of(seconds: float) -> float:
        return LEFT + (math.log10(seconds) * PER_DECADE - first) / thick * step

    body = list(scale.grid())
    for number, count in sorted(bars.items()):
        y = scale.y(count)
        begin, end = (10 ** ((first + thick * n) / PER_DECADE) for n in (number, number + 1))
        told = f"{count:,} mini-batches took {duration(begin)} to {duration(end)}"
        place = f'x="{LEFT + number * step + 0.5:.1f}" y="{y:.1f}" width="{step - 1:.1f}"'
        body.append(f'<rect class="bar" {place} height="{scale.y(0) - y:.1f}"><title>{told}</title></rect>')
    body += _powers(x_of, height)
    middle, most = found.quantile(0.5), found.quantile(0.95)
    body += _mark(x_of(middle), f"median {duration(middle)}", height, 26, is_left=x_of(middle) > LEFT + _NOTE)
    body += _mark(x_of(most), f"95% {duration(most)}", height, 12, is_left=x_of(most) > WIDTH - _NOTE)
    median, longest = duration(found.quantile(0.5)), duration(max(found.slowest)[0])
    said = f"{found.count:,} mini-batches: median {median}, longest {longest}."
    return _svg("latencies", height, "Latency of mini-batches", said, body)


def _powers(x_of: Callable[[float], float], height: float) -> Iterator[str]:
    """Ticks at 1, 2 and 5 times each power of ten that fit."""
    last = -99.0
    for power in range(-6, 6):
        for factor in (1, 2, 5):
            x = x_of(factor * 10.0**power)
            if LEFT <= x <= WIDTH - RIGHT - 20 and x - last > 55:
                last = x
                yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{height - FOOT}" y2="{height - FOOT + 4}"/>'
                label = duration(factor * 10.0**power)
                yield f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{label}</text>'


def _mark(x: float, told: str, height: float, y: float, *, is_left: bool) -> list[str]:
    """A line, and what it stands for beside it, at a height of its own, for two may be close together."""
    x = min(max(x, LEFT), WIDTH - RIGHT)
    anchor = ("end", -4) if is_left else ("start", 4)
    return [
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10}" y2="{height - FOOT}"/>',
        f'<text class="note" x="{x + anchor[1]:.1f}" y="{y}" text-anchor="{anchor[0]}">{told}</text>',
    ]


class _Scale:
    """From a value to a height, with round numbers at the left."""

    def __init__(self, most: float, top: float, bottom: float, *, whole: bool = False) -> None:
        self._step = round_step(most / 4 or 1)
        if whole:
            self._step = max(1.0, self._step)
        self._most = max(self._step, math.ceil(most / self._step) * self._step)
        self._top, self._bottom = top, bottom

    def y(self, value: float) -> float:
        return self._bottom - (self._bottom - self._top) * value / self._most

    def grid(self) -> Iterator[str]:
        for number in range(round(self._most / self._step) + 1):
            value = number * self._step
            y = self.y(value)
            kind = "grid" if number else "axis"
            yield f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            label = number_of(value)
            yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'


def _time(axis: Axis, height: float) -> Iterator[str]:
    """Ticks of time since the job's start."""
    step, last = _time_step(axis.shown / 7), -99.0
    for stretch in axis.stretches:
        number = math.ceil(stretch.first * axis.width / step - 1e-9)
        while number * step <= stretch.end * axis.width:
            x = stretch.x + (number * step / axis.width - stretch.first) * stretch.step
            if x - last > 50 and x < WIDTH - RIGHT - 10:
                last = x
                yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{height - FOOT}" y2="{height - FOOT + 4}"/>'
                label = duration(number * step)
                yield f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{label}</text>'
            number += 1


def _time_step(size: float) -> float:
    for step in (60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400):
        if size > 30 and step >= size:
            return float(step)
    return round_step(size or 1)


def _cuts(axis: Axis, top: float, height: float) -> Iterator[str]:
    """Where idle time was cut out."""
    for x, width, seconds in axis.gaps:
        place = f'x="{x:.1f}" y="{top}" width="{width:.1f}" height="{height - FOOT - top:.1f}"'
        yield f'<rect class="cut" {place}><title>nothing was finished for {duration(seconds)}</title></rect>'


def _idle(axis: Axis, top: float) -> Iterator[str]:
    """How long each of them was; where two are too close for two texts, the pointer on the later one tells."""
    taken = float(LEFT)
    for x, width, seconds in axis.gaps:
        told = f"{duration(seconds)} without a result"
        size = _LETTER * len(told)
        begin = min(max(x + width / 2 - size / 2, LEFT + 2), WIDTH - RIGHT - size)
        if begin < taken:
            continue
        taken = begin + size + _LETTER
        yield f'<text class="note" x="{begin:.1f}" y="{top + 12}">{told}</text>'


def _svg(name: str, height: float, title: str, said: str, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-labelledby="{name}-title {name}-said">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-said">{escape(said)}</desc>'
        f"{''.join(body)}</svg>"
    )
