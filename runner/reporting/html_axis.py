"""Time from left to right in the drawings of a job's report, long idleness cut out. Pure; draws nothing."""

from collections.abc import Sequence

from bep.lazy_dataclasses import dataclass
from bep.runner.reporting.html_data import Timeline

WIDTH = 940
LEFT, RIGHT = 78, 12
PLOT = WIDTH - LEFT - RIGHT

_GAP_BINS = 24  # empty bins that are drawn as time; more are cut out when they would take a quarter of the width
_GAP_WIDTH = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bins `first` to `end` that are drawn one after the other from `x` on, each `step` wide."""

    first: int
    end: int
    x: float
    step: float


@dataclass(frozen=True, slots=True)
class Axis:
    """Time from left to right. Long idleness, as before a resume, is cut out: `gaps` are (x, width, seconds)."""

    width: float
    stretches: tuple[Stretch, ...]
    gaps: tuple[tuple[float, float, float], ...]

    @property
    def shown(self) -> float:
        """Seconds that are drawn."""
        return sum(stretch.end - stretch.first for stretch in self.stretches) * self.width


def axis_of(timeline: Timeline) -> Axis:
    """Lay out the bins, from the job's start to the last mini-batch's end."""
    spans = _spans(sorted(timeline.items))
    columns = sum(end - first for first, end in spans) + _GAP_WIDTH * (len(spans) - 1)
    step = PLOT / max(1, columns)
    stretches, gaps, x = [], [], float(LEFT)
    for number, (first, end) in enumerate(spans):
        if number:
            gaps.append((x, _GAP_WIDTH * step, (first - spans[number - 1][1]) * timeline.width))
            x += _GAP_WIDTH * step
        stretches.append(Stretch(first, end, x, step))
        x += (end - first) * step
    return Axis(timeline.width, tuple(stretches), tuple(gaps))


def _spans(bins: Sequence[int]) -> list[tuple[int, int]]:
    spans = [(0, 1)]
    longest = max(_GAP_BINS, len(bins) // 3)
    for number in bins:
        first, end = spans[-1]
        if number - end > longest:
            spans.append((number, number + 1))
        else:
            spans[-1] = (first, max(end, number + 1))
    return spans
