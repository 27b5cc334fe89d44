"""The tables of a job's logs: what each attempt, process and node did; and a readme that lists what is there."""

import csv
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from bep.runner.events import Progress, WorkerState
from bep.runner.folder.record import JobRecord
from bep.runner.reporting.tables import MINI_BATCHES, NODES, PROCESSES
from bep.runner.reporting.usage_log import NAME, UsageLog
from tests.runner.conftest import Jobs

TROUBLED = """
    import os, time

    def run(mini_batch):
        from azureml_user.parallel_run import EntryScript
        EntryScript().logger.info("scoring")
        print("scoring")
        numbers = [int(open(path).read()) for path in mini_batch]
        if 6 in numbers:
            raise type("Timeout", (Exception,), {})("the server's, not ours")
        if 4 in numbers:
            raise ValueError('bad, "very" bad\\nindeed')
        if 9 in numbers:
            time.sleep(60)
        if 14 in numbers:
            os.abort()
        time.sleep(0.01)
        return [n for n in numbers if n != 21]
"""


def table(record: JobRecord, name: str) -> list[dict[str, str]]:
    with (record.folder / "logs/sys/job_report" / name).open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def troubled(jobs: Jobs) -> JobRecord:
    """Files 4, 6, 9 and 14 fail in their ways, with a neighbour and alone, twice each; file 21 has no result."""
    request = jobs.request(
        TROUBLED, items=24, workers=2, instance_count=2, mini_batch_size=2, max_retries=1, timeout=0.5,
    )  # fmt: skip
    record = jobs.run(request)
    assert record.status == "Completed", record.error
    assert record.counts.failed == 5
    return record


def test_every_attempt_has_a_line_that_says_what_is_known(troubled: JobRecord) -> None:
    rows = table(troubled, MINI_BATCHES)
    done = [row for row in rows if row["Status"] == "RUN_DONE"]
    assert sum(int(row["Succeeded"]) for row in done) == troubled.counts.scored == 19
    assert {row["Mini-batch Id"] for row in done} == {str(number) for number in range(12)}
    assert {(row["Process Seconds"], row["Run Method Seconds"]) for row in rows} == {("", "")}
    name_of = str(troubled.folder.parents[1] / "inputs/{:05d}.txt").format
    short = next(row for row in done if row["Failed"] != "0")
    assert (short["Error Category"], short["Mini-batch Detail"]) == ("ResultsMissing", f"{name_of(20)} and 1 more")
    failed = Counter((row["Status"], row["Error Category"], row["Mini-batch Id"]) for row in rows if row not in done)
    assert failed == {
        ("RUN_EXCEPTION", "ValueError", "2"): 4,
        ("RUN_EXCEPTION", "Timeout", "3"): 4,
        ("RUN_TIMEOUT", "Timeout", "4"): 4,
        ("PROCESS_EXIT", "WorkerCrashed", "7"): 4,
    }
    messages = {row["Error Message"] for row in rows if row["Error Category"] == "ValueError"}
    assert messages == {'bad, "very" bad indeed'}


def test_times_are_those_of_the_attempts(troubled: JobRecord) -> None:
    rows = table(troubled, MINI_BATCHES)
    late = [float(row["Elapsed Seconds"]) for row in rows if row["Status"] == "RUN_TIMEOUT"]
    assert min(late) >= 0.5
    assert all(float(row["Elapsed Seconds"]) >= 0.01 for row in rows if row["Status"] == "RUN_DONE")
    assert troubled.started
    moments = [datetime.strptime(row["Process Start Time"] + "+0000", "%Y-%m-%dT%H:%M:%S.%f%z") for row in rows]
    assert all(moment >= troubled.started for moment in moments)


def test_processes_and_nodes_add_up(troubled: JobRecord) -> None:
    rows, processes, nodes = (table(troubled, name) for name in (MINI_BATCHES, PROCESSES, NODES))
    for summary in (processes, nodes):
        assert sum(int(row["Succeeded"]) for row in summary) == 19
        assert sum(int(row["Failed"]) for row in summary) == 5 == troubled.counts.failed
        assert sum(int(row["Total"]) for row in summary) == 24
        assert sum(int(row["Failed Attempts"]) for row in summary) == 16
        assert sum(int(row["Deaths"]) for row in summary) == 8 == troubled.counts.workers_lost
        total = sum(float(row["Elapsed Seconds"]) for row in rows)
        assert sum(float(row["Busy Seconds"]) for row in summary) == pytest.approx(total, abs=1e-4)
    assert {row["Node"] for row in processes} == {row["Node"] for row in nodes} <= {"node0", "node1"}
    assert sum(int(row["Processes"]) for row in nodes) == len(processes) == len({row["Process"] for row in rows})
    for row in processes:
        own = [each for each in rows if each["Process"] == row["Process"]]
        assert row["First Start Time"] == min(each["Process Start Time"] for each in own)
        assert row["Last End Time"] > max(each["Process Start Time"] for each in own)


def test_the_readme_lists_every_file_and_no_other(troubled: JobRecord) -> None:
    logs = troubled.folder / "logs"
    listed = [
        line for line in (logs / "readme.txt").read_text().splitlines() if re.match(r"\S+/?\S*\.(txt|csv)$", line)
    ]
    patterns = {re.sub(r"<\w+>", r"[^/]+", re.escape(line)): line for line in listed}
    files = [str(path.relative_to(logs)) for path in logs.rglob("*") if path.is_file() and path.name != "readme.txt"]
    unlisted = [file for file in files if not any(re.fullmatch(pattern, file) for pattern in patterns)]
    absent = [line for pattern, line in patterns.items() if not any(re.fullmatch(pattern, file) for file in files)]
    assert (unlisted, absent) == ([], [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("name", [MINI_BATCHES, PROCESSES, NODES, None])
def test_a_table_that_finds_no_room_fails_no_job(jobs: Jobs, name: str | None) -> None:
    request = jobs.request(items=40, name="full")
    tables = request.folder / "logs/sys/job_report"
    tables.parent.mkdir(parents=True)
    if name:
        tables.mkdir()
        (tables / name).symlink_to("/dev/full")
    else:
        tables.write_text("a file where the folder should be")
    record = jobs.run(request)
    assert (record.status, record.counts.scored) == ("Completed", 40)
    for other in {MINI_BATCHES, PROCESSES, NODES} - {name} if name else ():
        assert table(record, other)


def progress(elapsed: float, *states: WorkerState) -> Progress:
    return Progress(
        items=9, scored=1, failed=0, items_per_second=1.0, elapsed=elapsed, eta=None, workers_ready=2, workers=2,
        retries=0, workers_lost=0, worker_states=states,
    )  # fmt: skip


def test_what_workers_hold_is_written_now_and_then_and_stays_bounded(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    one = WorkerState("process000", "node0", "scoring", 1.25, 30, 81_234_567)
    other = WorkerState("process001", "node1", "waiting", 0.0, None, None)
    for quarter in range(4 * 24 * 3600):
        log.hear(progress(quarter / 4, one, other))
    lines = (tmp_path / "node0" / NAME).read_text().splitlines()
    assert lines[0] == "Utc Time,Process,State,Seconds In State,Item,Memory (MB)"
    assert lines[1].split(",")[1:] == ["process000", "scoring", "1.2", "30", "81.2"]
    assert 1000 < len(lines) < 1200
    assert (tmp_path / "node1" / NAME).read_text().splitlines()[1].split(",")[1:] == [
        "process001",
        "waiting",
        "0.0",
        "",
        "",
    ]
    UsageLog(tmp_path).hear(progress(0.25, one))  # a resumed job goes on in the same table
    assert (tmp_path / "node0" / NAME).read_text().count("Utc Time") == 1
