"""Triggers: what a schedule's trigger says, as a rule that gives times. Reads canonical attributes; knows no clock."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bep.lazy_dataclasses import dataclass
from bep.schemas.schedules.cron import read_cron
from bep.schemas.schedules.time_zones import zone_of

WEEK_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order of `date.weekday()`."""
EVERY_DAY: Final = frozenset(range(7))
FIRST_MONDAY: Final = datetime(2001, 1, 1)
"""Where intervals are counted from that no start_time begins: so two servers, and one that comes back, count alike."""
_ELAPSED: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A rhythm of minutes or hours that pass, whatever clocks show. It goes on in both directions from `anchor`."""

    anchor: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class OfDays:
    """Times of the day, on some days.

    `unit` is day, week or month, and every `interval`-th of them has days, counted from that of `anchor`. `week_days`
    are as `date.weekday()` has them; `month_days` of a month alone, empty where days of the week say which.
    """

    hours: frozenset[int]
    minutes: frozenset[int]
    second: int
    unit: str
    interval: int
    anchor: date
    week_days: frozenset[int] = EVERY_DAY
    month_days: frozenset[int] = frozenset()

    def has(self, day: date) -> bool:
        """Whether it has times on this day."""
        if self.unit == "month":
            months = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
            on_day = day.day in self.month_days if self.month_days else day.weekday() in self.week_days
            return months % self.interval == 0 and on_day
        if self.unit == "week":
            weeks = (_monday_of(day) - _monday_of(self.anchor)).days // 7
            return weeks % self.interval == 0 and day.weekday() in self.week_days
        return (day - self.anchor).days % self.interval == 0 and day.weekday() in self.week_days

    @property
    def is_hourly(self) -> bool:
        """Whether it has the same minutes in every hour there is."""
        return len(self.hours) == 24


@dataclass(frozen=True, slots=True)
class Trigger:
    """When jobs are started: by `rule`, in `zone`, from `start` to `end`, both included and in UTC."""

    rule: Elapsed | OfDays
    zone: ZoneInfo
    start: datetime | None = None
    end: datetime | None = None


def read_trigger(attributes: Mapping[str, Any]) -> Trigger:
    """The rule of a trigger whose spelling is canonical. Raises `CronInvalid`, and `ValueError` or `KeyError` for what
    no checked spec has.
    """
    zone = zone_of(str(attributes.get("time_zone", "UTC")))
    start, end = (_wall(attributes.get(name)) for name in ("start_time", "end_time"))
    return Trigger(
        _rule(attributes, zone, start),
        zone,
        moment_of(start, zone) if start else None,
        moment_of(end, zone) if end else None,
    )


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which a zone's clocks show a time, in UTC: the first of two. A time that they jump over is taken as
    much later as they jump.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _wall(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None


def _rule(attributes: Mapping[str, Any], zone: ZoneInfo, start: datetime | None) -> Elapsed | OfDays:
    anchor = start or FIRST_MONDAY
    if attributes["type"] == "cron":
        cron = read_cron(attributes["expression"])
        return OfDays(cron.hours, cron.minutes, 0, "day", 1, anchor.date(), cron.week_days)
    unit, interval = attributes["frequency"], int(attributes["interval"])
    if unit in _ELAPSED:
        return Elapsed(moment_of(anchor, zone), interval * _ELAPSED[unit])
    pattern = attributes.get("schedule") or {}
    hours, minutes = (frozenset(pattern.get(name) or ()) for name in ("hours", "minutes"))
    week_days = frozenset(WEEK_DAYS.index(name) for name in pattern.get("week_days", ()))
    month_days = frozenset(pattern.get("month_days", ()))
    if unit == "week" and not week_days:
        week_days = frozenset((anchor.weekday(),))
    if unit == "month" and not week_days and not month_days:
        month_days = frozenset((anchor.day,))
    return OfDays(
        hours or frozenset((anchor.hour,)),
        minutes or frozenset((anchor.minute,)),
        0 if hours else anchor.second,
        unit,
        interval,
        anchor.date(),
        week_days or EVERY_DAY,
        month_days,
    )


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
