"""What is drawn of a job: its run graph, its speed over time, its workers' lanes. Places and lengths; pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bep.lazy_dataclasses import dataclass
from bep.server.studio.texts import duration

if TYPE_CHECKING:
    from bep.app.jobs.looking.progress import Lane, Now, Rate

LANES: Final = 64
"""Workers that are drawn; more of them are counted."""
WIDTH: Final = 600
HEIGHT: Final = 72


@dataclass(frozen=True)
class Bar:
    """A worker's lane. `words` say what it has; `done` of `full`: how much of its time is over, 0 of 1 without one."""

    name: str
    state: str
    words: str
    file: str
    since: str
    done: float
    full: float
    limit: str
    memory: int | None
    is_late: bool


@dataclass(frozen=True)
class Instance:
    """The workers of one instance."""

    node: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Speed:
    """Items a second over time: the points of a line and of the surface below it, and what the axes say."""

    line: str
    surface: str
    highest: float
    seconds: float


def lanes_of(now: "Now") -> tuple[Instance, ...]:
    """The lanes, by instance, in the order of the workers."""
    found: dict[str, list[Bar]] = {}
    for lane in sorted(now.lanes, key=lambda lane: (lane.node, lane.name))[:LANES]:
        found.setdefault(lane.node, []).append(_bar(lane))
    return tuple(Instance(node, tuple(bars)) for node, bars in found.items())


def _bar(lane: "Lane") -> Bar:
    held = lane.held if lane.state != "preparing" else None
    words = {"preparing": "gets ready: init()", "waiting": "waits for work"}.get(lane.state, lane.state)
    if held is not None:
        last = held.first + held.items
        items = f"item {held.first + 1:,}" if held.items == 1 else f"items {held.first + 1:,} to {last:,}"
        words = f"mini-batch {held.number:,}, {items}"
    full = lane.limit or 1.0
    return Bar(
        name=lane.name,
        state=lane.state,
        words=words,
        file=held.files[0].rpartition("/")[2] if held is not None and held.files else "",
        since=duration(lane.seconds),
        done=round(min(lane.seconds, full), 1) if lane.limit else 0.0,
        full=full,
        limit=duration(lane.limit),
        memory=lane.memory,
        is_late=lane.limit is not None and lane.seconds > 0.8 * lane.limit,
    )


def speed_of(rates: "Sequence[Rate]") -> Speed | None:
    """The line of a job's speed; None before there are three points of it."""
    highest = max((rate.items_per_second for rate in rates), default=0.0)
    if len(rates) < 3 or highest <= 0:
        return None
    first, seconds = rates[0].elapsed, rates[-1].elapsed
    span = max(seconds - first, 1e-9)
    points = [
        f"{(rate.elapsed - first) / span * WIDTH:.1f},{HEIGHT - rate.items_per_second / highest * (HEIGHT - 4):.1f}"
        for rate in rates
    ]
    return Speed(" ".join(points), f"0,{HEIGHT} {' '.join(points)} {WIDTH},{HEIGHT}", highest, seconds)
