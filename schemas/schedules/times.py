"""The times of a trigger: those after a moment, those of a span, the last one before. Pure: every moment is given.

Clocks that are put back show some times twice, and those that are put forward leave some out. A time of the day that is
shown twice has one job, at the first; one that is left out has it as much later as the clocks jump. What is to run in
every hour runs in every hour that passes, also in the one that is shown twice.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bep.schemas.schedules.triggers import Elapsed, OfDays, Trigger, moment_of

DAY: Final = timedelta(days=1)
HORIZON: Final = 3660 * DAY
"""What has no time within ten years has none."""
_LAG: Final = timedelta(hours=26)
"""No clock was ever moved by more than a day, so the times of days that are further apart are in order."""


def times(trigger: Trigger, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
    """The times after `after`, in order and in UTC, up to `until` with it. Endless where nothing ends them."""
    first = after
    if trigger.start is not None and after < trigger.start:
        first = trigger.start - timedelta(microseconds=1)
    ends = [end for end in (until, trigger.end) if end is not None]
    last = min(ends) if ends else None
    rule = trigger.rule
    found = _elapsed(rule, first) if isinstance(rule, Elapsed) else _of_days(trigger, rule, first, last)
    for moment in found:
        if last is not None and moment > last:
            return
        yield moment


def next_time(trigger: Trigger, after: datetime) -> datetime | None:
    """The first time after a moment; None where there is none."""
    return next(times(trigger, after), None)


def last_time(trigger: Trigger, after: datetime, until: datetime) -> datetime | None:
    """The last time of a span, `until` with it; None where it has none. Looks back further and further."""
    span = DAY
    while True:
        begin = max(after, until - span)
        found = max(times(trigger, begin, until), default=None)
        if found is not None or begin == after:
            return found
        span *= 4


def _elapsed(rule: Elapsed, after: datetime) -> Iterator[datetime]:
    count = (after - rule.anchor) // rule.step + 1
    while True:
        yield rule.anchor + count * rule.step
        count += 1


def _of_days(trigger: Trigger, rule: OfDays, after: datetime, until: datetime | None) -> Iterator[datetime]:
    """Days are gone through a little ahead, since clocks that are moved may put times of one day behind the next."""
    day = after.astimezone(trigger.zone).date() - 2 * DAY
    pending: set[datetime] = set()
    latest, idle = after, after + HORIZON
    while True:
        border = moment_of(datetime(day.year, day.month, day.day), trigger.zone) - _LAG
        ready = sorted(moment for moment in pending if moment < border)
        for moment in ready:
            if moment > latest:
                yield moment
                latest, idle = moment, moment + HORIZON
        pending.difference_update(ready)
        if border > idle or (until is not None and border > until) or day >= date.max - 3 * DAY:
            return
        if rule.has(day):
            pending.update(_moments(trigger, rule, day))
        day += DAY


def _moments(trigger: Trigger, rule: OfDays, day: date) -> Iterator[datetime]:
    for hour in rule.hours:
        for minute in rule.minutes:
            wall = datetime(day.year, day.month, day.day, hour, minute, rule.second)
            moment = moment_of(wall, trigger.zone)
            if not rule.is_hourly:
                yield moment
                continue
            for each in (moment, wall.replace(tzinfo=trigger.zone, fold=1).astimezone(UTC)):
                if each.astimezone(trigger.zone).replace(tzinfo=None) == wall:
                    yield each
