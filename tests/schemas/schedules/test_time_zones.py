"""Names of time zones: every one that the table has is a zone, whatever its capitals."""

from datetime import UTC, datetime

import pytest

from bep.schemas.schedules.time_zones import WINDOWS, canonical_name, known_names, zone_of


def test_every_name_is_a_zone() -> None:
    for name in known_names():
        assert datetime(2026, 1, 1, tzinfo=UTC).astimezone(zone_of(name)).utcoffset() is not None
        assert canonical_name(name) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("utc", "UTC"),
        (" Pacific standard TIME ", "Pacific Standard Time"),
        ("europe/paris", "Europe/Paris"),
        ("Paris", None),
        ("", None),
    ],
)
def test_capitals_do_not_matter(written: str, name: str | None) -> None:
    assert canonical_name(written) == name


def test_a_name_of_windows_is_what_it_is_elsewhere() -> None:
    assert WINDOWS["Romance Standard Time"] == "Europe/Paris"
    assert zone_of("Romance Standard Time") is zone_of("Romance Standard Time")
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert summer.astimezone(zone_of("Pacific Standard Time")).hour == 17


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "posixrules", "a\0b"])
def test_no_file_is_looked_for(path: str) -> None:
    assert canonical_name(path) is None
