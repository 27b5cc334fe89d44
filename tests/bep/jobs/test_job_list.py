"""`bep job list`: the jobs that were asked for, newest first, with the counts of this moment."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bep.app.errors import Refused
from bep.app.jobs.filters import JobFilter, chosen, moment_of, statuses_named
from bep.runner.folder.record import JobRecord, Status
from bep.runner.request import ScoringTarget, Settings
from tests.bep.conftest import Workspace

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def record(name: str, hours: int, status: Status = Status.COMPLETED, deployment: str = "e/blue") -> JobRecord:
    endpoint, _, colour = deployment.partition("/")
    return JobRecord(
        name=name, status=status, settings=Settings(), inputs=(), input_text="", folder=Path("nowhere"),
        target=ScoringTarget(endpoint=endpoint, deployment=colour, deployment_digest="", interpreter=(sys.executable,)),
        output_folder=Path("nowhere"), output_text="", created=NOON - timedelta(hours=hours),
    )  # fmt: skip


RECORDS = [
    record("oldest", 72, Status.FAILED),
    record("old", 30, deployment="e/green"),
    record("recent", 5, Status.CANCELED, deployment="f/blue"),
    record("new", 1, Status.FAILED),
]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (JobFilter(), "new recent old oldest"),
        (JobFilter(limit=2), "new recent"),
        (JobFilter(statuses=frozenset(["Failed"])), "new oldest"),
        (JobFilter(statuses=frozenset(["Failed", "Canceled"])), "new recent oldest"),
        (JobFilter(endpoint="e"), "new old oldest"),
        (JobFilter(deployment="blue"), "new recent oldest"),
        (JobFilter(endpoint="e", deployment="blue", limit=1), "new"),
        (JobFilter(since=NOON - timedelta(hours=30)), "new recent old"),
        (JobFilter(endpoint="g"), ""),
    ],
)
def test_what_is_asked_for_is_listed_newest_first(wanted: JobFilter, names: str) -> None:
    assert [found.name for found in chosen(RECORDS, wanted)] == names.split()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2d", datetime(2026, 11, 20, 12, 0, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("1.5h", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("1w", datetime(2026, 11, 15, 12, 0, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T18:00", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        ("2026-11-20T18:00Z", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        ("2026-11-20T18:00+02:00", datetime(2026, 11, 20, 16, tzinfo=UTC)),
    ],
)
def test_since_takes_an_age_or_a_date(text: str, moment: datetime) -> None:
    assert moment_of(text, NOON) == moment


@pytest.mark.parametrize("text", ["yesterday", "", "2x", "-2d", "2026-13-01", "99999999999999w"])
def test_since_says_what_it_takes(text: str) -> None:
    with pytest.raises(Refused, match=r"an age such as 90m.*or a date"):
        moment_of(text, NOON)


def test_a_status_is_taken_in_any_case() -> None:
    assert statuses_named(["failed", "not-responding", "Cancelled"]) == {"Failed", "NotResponding", "Canceled"}
    with pytest.raises(Refused, match=r"status fialed: a job is NotStarted, .* Did you mean 'Failed'\?"):
        statuses_named(["fialed"])


def test_the_command_lists_filters_and_says_when_nothing_fits(applied: Workspace) -> None:
    for name in ("one", "two"):
        applied.bep("run", "job.yml", "--name", name)
    lines = applied.bep("job", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "two", "one"]
    found = json.loads(applied.bep("job", "list", "--status", "completed", "--since", "1h", "-o", "json").stdout)
    assert [(job["name"], job["counts"]["scored"]) for job in found] == [("two", 5), ("one", 5)]
    assert found[0]["outputs"]["score"]["file"].endswith("azureml/two/score/predictions.csv")
    assert applied.bep("job", "list", "-n", "1", "--query", "[].name", "-o", "tsv").stdout == "two\n"
    nothing = applied.bep("job", "list", "--deployment", "green")
    assert (nothing.stdout, nothing.stderr) == ("", "None of the 2 jobs here is one of those: bep job list\n")
    assert applied.bep("job", "list", "--deployment", "green", "-o", "json").stdout == "[]\n"
