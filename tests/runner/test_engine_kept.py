"""A job is gone on with by the engine that it was begun with, for its record says which."""

import json

import pytest

from bep.runner.engine import ENGINES, Engine, Hosting
from bep.runner.folder.record import load
from bep.runner.jobs import embedded
from tests.runner.conftest import Jobs

HALF = """\
def run(mini_batch):
    if "00003" in mini_batch[0]:
        raise ValueError("three")
    return mini_batch
"""


def engine(hosting: Hosting) -> Engine:
    """The embedded one, under another name; it leaves a line for each run that it hosted."""
    with (hosting.folder.path / "hosted").open("a") as stream:
        stream.write("once\n")
    return embedded.engine(hosting)


def test_each_run_of_a_job_has_the_engine_of_the_first(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "other", __name__)
    asked = jobs.request(HALF, items=4, mini_batch_size=1, max_retries=0).model_copy(update={"engine": "other"})
    begun = jobs.run(asked)
    assert (begun.engine, begun.counts.failed) == ("other", 1)
    again = jobs.retry(asked)
    assert (again.engine, again.runs) == ("other", 2)
    assert (begun.folder / "hosted").read_text() == "once\nonce\n"


def test_a_record_of_before_reads_as_embedded(jobs: Jobs) -> None:
    record, _ = jobs.score(items=1)
    file = record.folder / "job.json"
    written = json.loads(file.read_text())
    assert written.pop("engine") == "embedded"
    file.write_text(json.dumps(written))
    assert load(record.folder).engine == "embedded"
