"""The times of triggers, held against every minute that passes and what the clocks of the zone show in it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.schemas.schedules.times import last_time, next_time, times
from bep.schemas.schedules.triggers import WEEK_DAYS, Trigger, read_trigger

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Australia/Lord_Howe",  # moved by half an hour
    "America/Havana",  # moved at midnight
    "Africa/Casablanca",  # moved back in spring
    "Asia/Kolkata",
)
MOMENTS = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(
        [
            datetime(2026, month, day)
            for month, days in ((3, (8, 28, 29)), (4, (4, 5)), (10, (4, 25)), (11, (1,)))
            for day in days
        ]
    ),
)
"""Any, and days around those at which clocks are moved."""


def numbers(high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, high), min_size=1, max_size=4, unique=True)


CRONS = st.builds(
    lambda minutes, hours, days: f"{minutes} {hours} * * {days}",
    numbers(59).map(lambda found: ",".join(map(str, found))),
    st.one_of(st.just("*"), numbers(23).map(lambda found: ",".join(map(str, found)))),
    st.one_of(st.just("*"), numbers(6).map(lambda found: ",".join(map(str, found)))),
)
PATTERNS = st.fixed_dictionaries({"hours": numbers(23), "minutes": numbers(59)})


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def passing(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Each minute that passes, with a time of the day that it is for: the one shown; and where the clocks were put
    forward within the last day, the one that they left out and that is caught up in it.
    """
    moment = begin
    while moment <= end:
        now = shown(moment, zone)
        yield moment, now
        before = shown(moment - timedelta(hours=24), zone)
        jump = (now.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
        if jump > timedelta():
            missed = now.replace(tzinfo=None) - jump
            back = missed.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
            if back != missed:
                yield moment, missed
        moment += MINUTE


def by_every_minute(
    expression_hours: frozenset[int],
    minutes: frozenset[int],
    week_days: frozenset[int],
    zone: ZoneInfo,
    begin: datetime,
    end: datetime,
) -> list[datetime]:
    found = set()
    hourly = len(expression_hours) == 24
    for moment, wall in passing(begin + MINUTE, end, zone):
        is_shown = wall.tzinfo is not None
        if hourly and not is_shown:
            continue
        if not hourly and is_shown and wall.fold:
            continue
        if wall.minute in minutes and wall.hour in expression_hours and wall.weekday() in week_days:
            found.add(moment)
    return sorted(found)


def read(zone: str, **fields: Any) -> Trigger:
    return read_trigger({"time_zone": zone, **fields})


def several(field: str, every: int) -> frozenset[int]:
    return frozenset(range(every)) if field == "*" else frozenset(map(int, field.split(",")))


@given(CRONS, st.sampled_from(ZONES), MOMENTS)
def test_a_cron_has_the_minutes_that_its_clocks_show(expression: str, zone: str, wall: datetime) -> None:
    begin = wall.replace(second=0, microsecond=0, tzinfo=UTC)
    end = begin + timedelta(days=2)
    minutes, hours, _, _, days = expression.split()
    week = frozenset((day - 1) % 7 for day in several(days, 7))
    wanted = by_every_minute(several(hours, 24), several(minutes, 60), week, ZoneInfo(zone), begin, end)
    trigger = read(zone, type="cron", expression=expression)
    assert list(times(trigger, begin, end)) == wanted
    assert last_time(trigger, begin, end) == (wanted[-1] if wanted else None)
    following = next_time(trigger, begin)
    assert following is not None
    assert following == wanted[0] if wanted else following > end


@given(PATTERNS, st.sampled_from(ZONES), MOMENTS, st.integers(1, 4), st.lists(st.sampled_from(WEEK_DAYS), min_size=1))
def test_weeks_are_counted_from_the_one_of_the_start(
    pattern: Mapping[str, list[int]], zone: str, wall: datetime, interval: int, week_days: list[str]
) -> None:
    start = wall.replace(second=0, microsecond=0)
    trigger = read(
        zone,
        type="recurrence",
        frequency="week",
        interval=interval,
        start_time=start.isoformat(),
        schedule={**pattern, "week_days": week_days},
    )
    assert trigger.start is not None
    first = (start - timedelta(days=start.weekday())).date()
    for moment in islice(times(trigger, trigger.start), 20):
        days = {shown(moment - timedelta(hours=back), ZoneInfo(zone)).date() for back in (0, 1)}
        assert any((day - first).days // 7 % interval == 0 and WEEK_DAYS[day.weekday()] in week_days for day in days)


@given(st.sampled_from(ZONES), MOMENTS, st.sampled_from(["minute", "hour"]), st.integers(1, 100))
def test_minutes_and_hours_are_those_that_pass(zone: str, wall: datetime, unit: str, interval: int) -> None:
    start = wall.replace(microsecond=0)
    trigger = read(zone, type="recurrence", frequency=unit, interval=interval, start_time=start.isoformat())
    assert trigger.start is not None
    step = interval * (MINUTE if unit == "minute" else 60 * MINUTE)
    found = list(islice(times(trigger, trigger.start - timedelta(days=9)), 5))
    assert found == [trigger.start + count * step for count in range(5)]
    assert next_time(trigger, found[3]) == found[4]


@given(st.sampled_from(ZONES), MOMENTS, CRONS, st.integers(0, 600))
def test_a_window_is_what_is_left_when_it_is_cut(zone: str, wall: datetime, expression: str, cut: int) -> None:
    trigger = read(zone, type="cron", expression=expression)
    begin = wall.replace(tzinfo=UTC)
    end = begin + timedelta(days=8)
    middle = begin + timedelta(minutes=cut * 19)
    whole = list(times(trigger, begin, end))
    assert whole == sorted(set(whole))
    assert [*times(trigger, begin, middle), *times(trigger, middle, end)] == whole


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expression", "after", "wanted"),
    [
        ("America/New_York", "30 2 * * *", "2026-03-07 12:00", ["2026-03-08 07:30", "2026-03-09 06:30"]),  # left out
        ("America/New_York", "30 1 * * *", "2026-10-31 12:00", ["2026-11-01 05:30", "2026-11-02 06:30"]),  # shown twice
        ("America/New_York", "30 * * * *", "2026-11-01 04:45", ["2026-11-01 05:30", "2026-11-01 06:30"]),
        ("Romance Standard Time", "0 0 * * 0", "2026-11-27 10:00", ["2026-11-28 23:00", "2026-12-05 23:00"]),
        ("Etc/GMT-14", "0 0 * * mon", "2026-11-27 10:00", ["2026-11-29 10:00", "2026-12-06 10:00"]),
    ],
)
def test_clocks_that_are_moved(zone: str, expression: str, after: str, wanted: list[str]) -> None:
    trigger = read(zone, type="cron", expression=expression)
    assert list(islice(times(trigger, utc(after)), 2)) == [utc(text) for text in wanted]


def test_start_and_end_are_included() -> None:
    trigger = read(
        "UTC", type="cron", expression="0 2 * * *", start_time="2026-01-05T02:00:00", end_time="2026-01-07T02:00:00"
    )
    assert [found.day for found in times(trigger, utc("2025-12-01"))] == [5, 6, 7]
    assert next_time(trigger, utc("2026-01-07 02:00")) is None
    assert last_time(trigger, utc("2025-12-01"), utc("2030-01-01")) == utc("2026-01-07 02:00")


def test_a_month_without_the_day_is_left_out() -> None:
    pattern = {"hours": [1], "minutes": [0], "month_days": [31]}
    trigger = read("UTC", type="recurrence", frequency="month", interval=1, schedule=pattern)
    found = [moment.month for moment in islice(times(trigger, utc("2026-01-01")), 4)]
    assert found == [1, 3, 5, 7]


def test_what_has_no_time_ends() -> None:
    pattern = {"hours": [1], "minutes": [0], "month_days": [30]}
    trigger = read(
        "UTC", type="recurrence", frequency="month", interval=12, start_time="2026-02-01T00:00:00", schedule=pattern
    )
    assert list(times(trigger, utc("2026-01-01"))) == []


def test_without_a_start_every_server_counts_alike() -> None:
    days = read("UTC", type="recurrence", frequency="day", interval=3)
    whole = list(times(days, utc("2026-01-01"), utc("2026-03-01")))
    assert {later - sooner for sooner, later in pairwise(whole)} == {timedelta(days=3)}
    assert {moment.time().isoformat() for moment in whole} == {"00:00:00"}
    for begin in ("2026-01-02 03:04:05", "2026-02-03"):
        assert list(times(days, utc(begin), utc("2026-03-01"))) == [each for each in whole if each > utc(begin)]
