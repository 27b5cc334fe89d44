"""What shards have scored, merged: the bytes of a run here, whatever happened on the way; or the reason why not."""

import json

import pytest

from bep.runner.folder.record import Status
from tests.runner.conftest import ECHO, Jobs
from tests.runner.shards.scored_shards import Scored, scored

SHAKY = """
    import os, pathlib
    def run(mini_batch):
        rows = []
        for path in mini_batch:
            number = int(pathlib.Path(path).stem)
            if number % 23 == 5:
                raise ValueError(f"item {number} is bad")
            seen = pathlib.Path(os.environ["SEEN"]) / str(number)
            if number % 17 == 3 and not seen.exists():
                seen.touch()
                raise OSError("once")
            if number % 29 != 11:
                rows.append(open(path).read())
        return rows
"""
TABLES = """
    import pathlib
    import pandas
    def run(mini_batch):
        number = int(pathlib.Path(mini_batch[0]).stem)
        names = ["a", "b"] if number % 3 else ["b", "a"]
        if number % 41 == 8:
            names = ["a", "c"]
        return pandas.DataFrame([[number, f"text {number}"] for path in mini_batch], columns=names)
"""


def same_as_here(found: Scored) -> None:
    """Merge it, and compare all that a run leaves."""
    record, here = found.merge(), found.here
    assert record.output_file is not None
    assert here.output_file is not None
    assert record.status is Status.COMPLETED, record.error
    assert record.output_file.read_bytes() == here.output_file.read_bytes()
    assert record.counts.model_copy(update={"workers_lost": here.counts.workers_lost}) == here.counts
    assert failed(record.folder) == failed(here.folder)
    assert {file.name for file in record.output_folder.iterdir()} == {record.output_file.name}
    assert not (record.folder / "merging").exists()


def failed(folder: object) -> list[tuple[object, ...]]:
    file = folder / "failed_items.jsonl"  # type: ignore[operator]
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else []
    return [(line["position"], line["item"], line["type"], line["attempts"]) for line in lines]


@pytest.mark.parametrize("form", ["azureml", "csv", "jsonl", "parquet"])
def test_failed_items_and_short_mini_batches_are_as_in_a_run_here(jobs: Jobs, form: str) -> None:
    (jobs.root / "seen").mkdir()
    request = jobs.request(SHAKY, items=197, mini_batch_size=5, max_retries=2, output_format=form,
                           variables={"SEEN": str(jobs.root / "seen")})  # fmt: skip
    found = scored(jobs, request)
    assert found.here.counts.failed > 8
    assert found.here.counts.retries
    found.cut(3, 4, 17, 39)
    same_as_here(found)


@pytest.mark.parametrize("form", ["azureml", "csv", "jsonl", "parquet"])
def test_tables_with_other_columns_are_as_in_a_run_here(jobs: Jobs, form: str) -> None:
    found = scored(jobs, jobs.request(TABLES, items=120, mini_batch_size=2, output_format=form))
    found.cut(1, 2, 21, 40)
    same_as_here(found)


def test_one_segment_is_enough(jobs: Jobs) -> None:
    found = scored(jobs, jobs.request(ECHO, items=40))
    found.cut()
    same_as_here(found)
