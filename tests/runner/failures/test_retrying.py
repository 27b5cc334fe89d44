"""Failed items scored again: into the same output, at their own places, once each, whatever is killed meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from bep.runner.errors import OutputExists
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, read
from bep.runner.jobs import running
from tests.runner.conftest import output_of

Jobs = Any

MENDABLE = """
    import os, time

    def run(mini_batch):
        mended = os.path.exists(os.environ["MENDED"])
        rows = []
        for path in mini_batch:
            if path.endswith(("00003.txt", "00013.txt", "00014.txt")) and not mended:
                raise ValueError("still broken: " + os.path.basename(path))
            rows.append(open(path).read())
        return rows
"""

SHORT = """
    import os

    def run(mini_batch):
        mended = os.path.exists(os.environ["MENDED"])
        return [open(path).read() for path in mini_batch if mended or not path.endswith("00007.txt")]
"""

EVERYTHING = "".join(f"{number}\n" for number in range(40))


def retry(jobs: Jobs, record: JobRecord) -> JobRecord:
    return running.retry(
        record.folder,
        environment_variables={"MENDED": str(jobs.root / "mended")},
        environment=None,
        report=jobs.events.append,
        cancel=threading.Event(),
    )


def failed(jobs: Jobs, script: str = MENDABLE, **how: object) -> JobRecord:
    settings = {"mini_batch_size": 5, "max_retries": 1, **how}
    record, _ = jobs.score(script, variables={"MENDED": str(jobs.root / "mended")}, **settings)
    assert isinstance(record, JobRecord)
    return record


def mend(jobs: Jobs) -> None:
    (jobs.root / "mended").touch()


def test_rows_come_to_the_places_that_they_would_have_had(jobs: Jobs) -> None:
    record = failed(jobs)
    assert (record.status, record.counts.failed) == ("Completed", 3)
    assert "\n13\n" not in output_of(record)
    mend(jobs)
    again = retry(jobs, record)
    assert (again.status, again.counts.scored, again.counts.failed, again.runs) == ("Completed", 40, 0, 2)
    assert output_of(again) == EVERYTHING
    assert not (again.folder / "failed_items.jsonl").exists()
    assert again.failures == ()
    assert not read(JobFolder(again.folder)).rewrites
    assert sorted(path.name for path in again.output_folder.iterdir()) == ["predictions.csv"]


def test_only_the_failed_items_are_scored(jobs: Jobs) -> None:
    record = failed(jobs)
    parts = {path.name for path in (record.folder / "parts").iterdir()}
    mend(jobs)
    retry(jobs, record)
    new = [path for path in (record.folder / "parts").glob("*.rows") if path.name not in parts]
    assert sorted("".join(path.read_text() for path in new).split()) == ["13", "14", "3"]


def test_what_fails_again_is_listed_again_and_the_rest_is_kept(jobs: Jobs) -> None:
    record = failed(jobs)
    before = output_of(record)
    again = retry(jobs, record)
    assert (again.status, again.counts.failed, again.counts.scored) == ("Completed", 3, 37)
    assert output_of(again) == before
    lines = [json.loads(line) for line in (again.folder / "failed_items.jsonl").read_text().splitlines()]
    assert [line["position"] for line in lines] == [3, 13, 14]
    assert len(list(again.folder.glob("journal.1"))) == 1
    mend(jobs)
    assert output_of(retry(jobs, again)) == EVERYTHING  # as often as one likes


def test_a_mini_batch_with_too_few_results_is_scored_again_whole(jobs: Jobs) -> None:
    record = failed(jobs, SHORT)
    assert record.counts.failed == 1
    mend(jobs)
    again = retry(jobs, record)
    assert (again.counts.failed, again.counts.rows) == (0, 40)
    assert output_of(again) == EVERYTHING


def test_a_job_that_stopped_at_its_threshold_goes_on(jobs: Jobs) -> None:
    record = failed(jobs, error_threshold=0, workers=1)
    assert (record.status, output_of(record)) == ("Failed", "")
    mend(jobs)
    assert output_of(retry(jobs, record)) == EVERYTHING


def test_without_failed_items_nothing_happens(jobs: Jobs) -> None:
    record, _ = jobs.score()
    before = record.folder.stat().st_mtime_ns
    assert retry(jobs, record) == record
    assert record.folder.stat().st_mtime_ns == before


def test_an_output_that_somebody_changed_is_not_touched(jobs: Jobs) -> None:
    record = failed(jobs)
    assert record.output_file
    record.output_file.write_text("mine now\n")
    os.utime(record.output_file, (time.time() + 60, time.time() + 60))
    mend(jobs)
    with pytest.raises(OutputExists, match="not overwritten"):
        retry(jobs, record)
    assert record.output_file.read_text() == "mine now\n"
    record.output_file.unlink()
    assert output_of(retry(jobs, record)) == EVERYTHING


def test_a_retry_that_fails_leaves_the_old_output(jobs: Jobs) -> None:
    record = failed(jobs)
    before = output_of(record)
    (jobs.root / "code/score.py").write_text("def init():\n    raise RuntimeError('no')\n\ndef run(m):\n    return m\n")
    again = retry(jobs, record)
    assert (again.status, again.error and again.error.code) == ("Failed", "InitFailed")
    assert output_of(again) == before


KILLED = """
import sys, threading
from bep.runner.jobs import running
running.retry(Path(sys.argv[1]), environment_variables={"MENDED": sys.argv[2]}, environment=None,
              report=lambda event: None, cancel=threading.Event())
"""


@pytest.mark.parametrize("milliseconds", [150, 200, 240, 280, 320, 400])
def test_a_killed_retry_is_resumed_to_the_same_output(jobs: Jobs, milliseconds: int) -> None:
    record = failed(jobs, items=40)
    before = output_of(record)
    mend(jobs)
    arguments = [sys.executable, "-c", KILLED, str(record.folder), str(jobs.root / "mended")]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(milliseconds / 1000)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert output_of(record) in (before, EVERYTHING)
    variables = {"MENDED": str(jobs.root / "mended")}
    resumed = running.resume(
        record.folder, environment_variables=variables, environment=None, report=jobs.events.append,
        cancel=threading.Event(),
    )  # fmt: skip
    assert resumed.status == "Completed"
    final = resumed if not resumed.counts.failed else retry(jobs, resumed)  # killed before anything was forgotten
    assert output_of(final) == EVERYTHING
