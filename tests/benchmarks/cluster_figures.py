"""Figures of a benchmark on a Ray cluster as tables: what each peer took, which budgets bep holds. Measures nothing."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

NODES: Final = 2
PEERS: Final = ("bep", "ranges", "calls", "ray_data")
SKEWED_SECONDS: Final = 3.96
"""What the skewed workloads take one worker."""


@dataclass
class Seen:
    """What was measured of one peer: seconds, and of bep's driver more."""

    whole: list[float] = field(default_factory=list)
    scoring: list[float] = field(default_factory=list)
    grants: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def _middle(seen: Mapping[str, Seen], peer: str, what: str) -> float:
    return float(statistics.median(getattr(seen[peer], what)))


@dataclass(frozen=True)
class Budget:
    """What is promised: of these figures of a workload the quotient is at most, or at least, so much."""

    load: str
    told: str
    limit: float
    found: Callable[[Mapping[str, Seen]], float]
    needs: tuple[str, ...]
    is_least: bool = False

    def row(self, seen: Mapping[str, Seen]) -> str:
        """A row of the table."""
        value = self.found(seen)
        holds = value >= self.limit if self.is_least else value <= self.limit
        bound = f"{'>=' if self.is_least else '<='} {self.limit:g}"
        return f"| {self.load} | {self.told} | {bound} | {value:.2f} | {'held' if holds else '**missed**'} |"


def _times(slow: str, what: str) -> Callable[[Mapping[str, Seen]], float]:
    return lambda seen: _middle(seen, slow, what) / _middle(seen, "bep", what)


def _of(what: str, fast: str = "") -> Callable[[Mapping[str, Seen]], float]:
    return lambda seen: _middle(seen, "bep", what) / (_middle(seen, fast, what) if fast else 1)


def _ideal(seconds: float) -> Callable[[Mapping[str, Seen]], float]:
    return lambda seen: _middle(seen, "bep", "scoring") / (seconds / NODES)


BUDGETS: Final = (
    Budget("tiny", "whole command, times faster than Ray Data", 2.5, _times("ray_data", "whole"), ("ray_data",), True),
    Budget("tiny", "scoring, times faster than Ray Data", 8, _times("ray_data", "scoring"), ("ray_data",), True),
    Budget("tiny", "scoring, times faster than a call a mini-batch", 3, _times("calls", "scoring"), ("calls",), True),
    *(
        Budget(load, "scoring, of plain actors given ranges", 1.4, _of("scoring", "ranges"), ("ranges",))
        for load in ("tiny", "million", "sleep", "work")
    ),
    Budget("sleep", "scoring, of the ideal", 1.1, _ideal(SKEWED_SECONDS), ()),
    Budget("work", "scoring, of the ideal", 1.25, _ideal(SKEWED_SECONDS), ()),
    Budget("million", "grants", 60, _of("grants"), ()),
)


def tables(found: Mapping[str, Mapping[str, Seen]]) -> str:
    """All of it as Markdown."""
    lines = ["| seconds, scoring / whole command | " + " | ".join(PEERS) + " |", "|-" * (1 + len(PEERS)) + "|"]
    for load, seen in found.items():
        cells = [
            f"{_middle(seen, peer, 'scoring'):.2f} / {_middle(seen, peer, 'whole'):.2f} ({len(seen[peer].whole)})"
            if peer in seen
            else "-"
            for peer in PEERS
        ]
        lines.append(f"| {load} | " + " | ".join(cells) + " |")
    lines += ["", "| workload | what | budget | found | |", "|-|-|-|-|-|"]
    for budget in BUDGETS:
        if budget.load in found and {"bep", *budget.needs} <= set(found[budget.load]):
            lines.append(budget.row(found[budget.load]))
    lines += ["", "| driver | grants | seconds of CPU | MB |", "|-|-|-|-|"]
    for load, seen in found.items():
        if "bep" in seen and seen["bep"].cpu:
            figures = [_middle(seen, "bep", what) for what in ("grants", "cpu", "memory")]
            lines.append(f"| {load} | {figures[0]:.0f} | {figures[1]:.2f} | {figures[2]:.0f} |")
    return "\n".join(lines)
