"""The small workspace with a schedule, applied at a moment of the tests' own choice."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace

SCHEDULE = """\
name: nightly
trigger: {type: cron, expression: "30 2 * * *"}
create_job:
  endpoint: letters
  inputs: {texts: {type: uri_folder, path: texts}}
  outputs: {score: {path: "out/${{creation_context.trigger_time}}/${{name}}"}}
"""
APPLIED = "2026-01-05T12:00:00Z"
"""A Monday at noon."""


def at(text: str) -> datetime:
    """A moment of UTC, written `01-06 02:30`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def with_schedule(work: Workspace, text: str = SCHEDULE) -> Workspace:
    """The workspace with one more spec."""
    (work.folder / "schedule.yml").write_text(text)
    if "schedule.yml" not in (work.folder / "bep.yml").read_text():
        work.edit("bep.yml", "specs: [specs.yml]", "specs: [specs.yml, schedule.yml]")
    return work


def apply_at(work: Workspace, moment: str = APPLIED) -> None:
    """Apply, and let the catalog say that the schedules were written at a moment."""
    work.bep("apply", "-y")
    written_at(work.folder, moment)


def written_at(folder: Path, moment: str) -> None:
    """Let the catalog say that every schedule was written then."""
    with sqlite3.connect(folder / ".bep/cloud/catalog.sqlite") as connection:
        connection.execute("UPDATE objects SET updated = ? WHERE kind = 'schedule'", (moment,))
    connection.close()


@pytest.fixture
def scheduled(applied: Workspace) -> Workspace:
    """The small workspace with a schedule for every night, applied on a Monday at noon."""
    work = with_schedule(applied)
    apply_at(work)
    return work
