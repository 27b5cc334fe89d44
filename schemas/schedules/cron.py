"""Cron expressions as schedules of the service take them: minutes, hours, days of the week. Knows no time zone.

The forms are those of NCrontab, which the service names as its format: `*`, numbers, names of days, ranges, lists and
steps. Days of the month and months are refused unless they are `*`: the service ignores them (Azure ML docs:
how-to-schedule-pipeline-job, limitations), and a job that runs every day where the first of the month was meant is
worse than a finding.
"""

from typing import Final

from bep.lazy_dataclasses import dataclass

FIELDS: Final = ("minutes", "hours", "days of the month", "months", "days of the week")
DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order of their numbers in an expression: 0 is Sunday."""
FORM: Final = "Write minutes, hours and days of the week, such as '30 2 * * mon-fri'."


class CronInvalid(ValueError):
    """An expression means nothing. `fix` says what to write."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Cron:
    """What an expression means: minutes and hours, and days of the week as `date.weekday()` has them (Monday is 0)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    week_days: frozenset[int]


def read_cron(expression: str) -> Cron:
    """The meaning of an expression. Raises `CronInvalid`."""
    texts = expression.split()
    if len(texts) != len(FIELDS):
        count = f"{len(texts)} field{'' if len(texts) == 1 else 's'}"
        raise CronInvalid(f"'{expression}' has {count}, and a cron expression has five: {', '.join(FIELDS)}", FORM)
    for name, text in zip(FIELDS[2:4], texts[2:4], strict=True):
        if text != "*":
            fix = "Write * there; for days of the month, use type: recurrence with frequency: month and month_days."
            raise CronInvalid(f"the {name} are '{text}', which the service ignores: it would run on every day", fix)
    week = _field(FIELDS[4], texts[4], 0, 6)
    return Cron(
        minutes=_field(FIELDS[0], texts[0], 0, 59),
        hours=_field(FIELDS[1], texts[1], 0, 23),
        week_days=frozenset((day - 1) % 7 for day in week),
    )


def _field(name: str, text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(name, part, low, high))
    return frozenset(found)


def _part(name: str, part: str, low: int, high: int) -> range:
    """One item of a list: all, a number, a range; each of them with a step, or none."""
    span, slash, step = part.partition("/")
    every = _number(f"steps of the {name}", step, 1, high) if slash else 1
    if span == "*":
        return range(low, high + 1, every)
    first, dash, last = span.partition("-")
    begin = _value(name, first, low, high)
    if not dash:
        return range(begin, high + 1 if slash else begin + 1, every)
    end = _value(name, last, low, high)
    if end < begin:
        fix = "Write two ranges, with a comma between them."
        raise CronInvalid(f"the {name} have the range '{span}', which ends before it begins", fix)
    return range(begin, end + 1, every)


def _value(name: str, text: str, low: int, high: int) -> int:
    if name == FIELDS[4] and len(text) >= 3:
        named = [number for number, day in enumerate(DAYS) if day.startswith(text.lower())]
        if named:
            return named[0]
    return _number(name, text, low, high)


def _number(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text[:4]) <= high):
        days = ", or names such as mon" if name == FIELDS[4] else ""
        raise CronInvalid(f"the {name} have '{text}'", f"Write numbers from {low} to {high}{days}, *, or */STEP.")
    return int(text)
