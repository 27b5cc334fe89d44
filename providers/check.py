"""Check: one thing that was looked at, what was found there, how to mend it. Values; knows no world and no place."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from bep.lazy_dataclasses import dataclass
from bep.schemas.next_step import Step


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    """It works, and not as it was asked for, or not for long."""
    PROBLEM = "problem"
    SKIPPED = "skipped"
    """It was not looked at, and `found` says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is what was looked at, `fix` how it is mended; `next` are steps that the two speak of."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""
    next: tuple[Step, ...] = ()


Probe = Callable[[], Iterable[Check]]
"""Looks at one thing and says what it found, or raises what stood in the way: whoever asks makes a problem of that."""


def ok(name: str, found: str) -> Check:
    """It is as it should be."""
    return Check(name, Verdict.OK, found)


def warning(name: str, found: str, fix: str = "", *next: Step) -> Check:
    """It is doubtful."""
    return Check(name, Verdict.WARNING, found, fix, next)


def problem(name: str, found: str, fix: str = "", *next: Step) -> Check:
    """It is in the way."""
    return Check(name, Verdict.PROBLEM, found, fix, next)


def skipped(name: str, found: str, fix: str = "", *next: Step) -> Check:
    """It was not looked at; `fix` says what would have to be there."""
    return Check(name, Verdict.SKIPPED, found, fix, next)
