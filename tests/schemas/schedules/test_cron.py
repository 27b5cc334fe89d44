"""Cron expressions: what each form means, and what is said of what is none."""

import pytest

from bep.schemas.schedules.cron import CronInvalid, read_cron

WEEK = frozenset(range(7))


@pytest.mark.parametrize(
    ("expression", "minutes", "hours", "week_days"),
    [
        ("30 2 * * *", {30}, {2}, WEEK),
        ("*/20 0-23/8 * * 0", {0, 20, 40}, {0, 8, 16}, {6}),
        ("5/20 8-10,22 * * mon-fri", {5, 25, 45}, {8, 9, 10, 22}, {0, 1, 2, 3, 4}),
        ("0 0 * * SAT,Sunday", {0}, {0}, {5, 6}),
        ("  59   23  *  *  1-3 ", {59}, {23}, {0, 1, 2}),
    ],
)
def test_what_an_expression_means(expression: str, minutes: set[int], hours: set[int], week_days: set[int]) -> None:
    found = read_cron(expression)
    assert (set(found.minutes), set(found.hours), set(found.week_days)) == (minutes, hours, set(week_days))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "has 0 fields"),
        ("0 2 * *", "has 4 fields"),
        ("0 0 2 * * *", "has 6 fields"),
        ("@daily", "has 1 field,"),
        ("60 2 * * *", "the minutes have '60'"),
        ("0 24 * * *", "the hours have '24'"),
        ("0 2 * * 7", "the days of the week have '7'"),
        ("0 2 * * so", "the days of the week have 'so'"),
        ("0 2 1 * *", "the days of the month are '1'"),
        ("0 2 * jan *", "the months are 'jan'"),
        ("0 2 * * fri-mon", "ends before it begins"),
        ("*/0 2 * * *", "the steps of the minutes have '0'"),
        ("1, 2 * * *", "the minutes have ''"),
        ("1,,2 2 * * *", "the minutes have ''"),
        ("-1 2 * * *", "the minutes have ''"),
        ("٣ 2 * * *", "the minutes have"),
        ("9" * 5000 + " 2 * * *", "the minutes have"),
    ],
)
def test_what_is_no_expression(expression: str, said: str) -> None:
    with pytest.raises(CronInvalid, match=r".") as refused:
        read_cron(expression)
    assert said in str(refused.value)
    assert refused.value.fix.startswith("Write ")
