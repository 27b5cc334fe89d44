"""A trigger in words, for whoever reads a list of schedules. Reads canonical attributes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bep.schemas.schedules.triggers import EVERY_DAY, WEEK_DAYS, Elapsed, OfDays, read_trigger

_MOST: Final = 4  # times of the day that are named one by one


def described(attributes: Mapping[str, Any]) -> str:
    """A trigger's rule and its zone: `at 02:30 on Monday to Friday, Europe/Paris`."""
    rule = read_trigger(attributes).rule
    if isinstance(rule, Elapsed):
        return _every(int(attributes["interval"]), str(attributes["frequency"]))
    return f"{_times(rule)} {_days(rule)}, {attributes.get('time_zone', 'UTC')}"


def _every(interval: int, unit: str) -> str:
    return f"every {unit}" if interval == 1 else f"every {interval} {unit}s"


def _times(rule: OfDays) -> str:
    minutes = sorted(rule.minutes)
    if rule.is_hourly:
        if len(minutes) == 60:
            return "every minute"
        shown = ", ".join(f":{minute:02}" for minute in minutes[:_MOST])
        return f"every hour at {shown}" if len(minutes) <= _MOST else f"{len(minutes)} times an hour"
    times = [f"{hour:02}:{minute:02}" for hour in sorted(rule.hours) for minute in minutes]
    return f"at {', '.join(times)}" if len(times) <= _MOST else f"at {len(times)} times from {times[0]} to {times[-1]}"


def _days(rule: OfDays) -> str:
    if rule.unit == "day" and rule.interval == 1 and rule.week_days == EVERY_DAY:
        return "every day"
    if rule.unit == "month":
        days = f"day {_listed(map(str, sorted(rule.month_days)))}" if rule.month_days else _week_days(rule.week_days)
        return f"on {days} of {_every(rule.interval, 'month')}"
    if rule.unit == "week":
        return f"on {_week_days(rule.week_days)} of {_every(rule.interval, 'week')}"
    return f"on {_week_days(rule.week_days)}" if rule.interval == 1 else _every(rule.interval, "day")


def _week_days(days: Iterable[int]) -> str:
    found = sorted(days)
    names = [WEEK_DAYS[day].capitalize() for day in found]
    is_row = len(found) > 2 and found == list(range(found[0], found[-1] + 1))
    return f"{names[0]} to {names[-1]}" if is_row else _listed(names)


def _listed(names: Iterable[str]) -> str:
    every: Sequence[str] = list(names)
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)
