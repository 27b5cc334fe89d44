"""A real job, looked at while it runs and when it is over: progress, lanes, failed items, logs, outputs, inputs."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.app.errors import NotFound
from bep.app.jobs.looking import failed_items
from bep.app.jobs.looking.beside_inputs import beside_inputs_of, item_opened
from bep.app.jobs.looking.failed_items import failed_items_of
from bep.app.jobs.looking.log_files import lines_before, lines_of, logs_of, search_of
from bep.app.jobs.looking.output_files import output_files_of, output_opened, rows_of
from bep.app.jobs.looking.progress import QUIET, Now, now_of
from bep.runner.events import Progress, WorkerState
from bep.runner.folder.record import JobRecord, load
from bep.runner.reporting.live import NAME, LiveFile, read
from tests.bep.conftest import until
from tests.runner.conftest import Jobs

TROUBLED = """
    import os, time

    def run(mini_batch):
        print("looking at", len(mini_batch), "files")
        if any(path.endswith("00005.txt") for path in mini_batch):
            raise ValueError("five is bad")
        while any(path.endswith("00030.txt") for path in mini_batch) and not os.path.exists("GO"):
            time.sleep(0.01)
        return [open(path).read() for path in mini_batch]
"""


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The file that the last mini-batches wait for."""
    return tmp_path / "go"


@pytest.fixture
def running(jobs: Jobs, go: Path) -> Iterator[Path]:
    """A job in the middle of its work; its folder."""
    request = jobs.request(TROUBLED.replace("GO", str(go)), items=32, mini_batch_size=4, max_retries=0)
    thread = threading.Thread(target=jobs.run, args=(request,))
    thread.start()
    try:
        until(lambda: (told := read(request.folder)) is not None and bool(told.progress and told.progress.scored == 24))
        yield request.folder
    finally:
        go.touch()
        thread.join(60)


def test_a_job_that_runs_says_where_it_is(running: Path) -> None:
    now = now_of(load(running), time.time())

    assert now.record.status == "Running"
    assert (now.record.counts.items, now.record.counts.scored, now.record.counts.failed) == (32, 24, 4)
    assert now.share == 28 / 32
    assert [lane.node for lane in now.lanes] == ["node0", "node0"]
    (scoring,) = [lane for lane in now.lanes if lane.state == "scoring"]
    assert scoring.held is not None
    assert (scoring.held.number, scoring.held.first, scoring.held.items) == (8, 28, 4)
    assert scoring.held.files[0].endswith("00028.txt")
    assert scoring.limit == 30
    assert now.rates


def test_a_job_that_is_over_says_so_and_leaves_no_trace_of_its_way(running: Path, go: Path) -> None:
    go.touch()
    until(lambda: load(running).status.is_final)
    until(lambda: not (running / NAME).exists())
    now = now_of(load(running), time.time())

    assert (now.record.status, now.record.counts.scored, now.lanes) == ("Completed", 28, ())
    assert now.items_per_second


def test_a_job_whose_runner_says_nothing_is_called_quiet(running: Path) -> None:
    record = load(running)
    told = read(running)
    assert told is not None

    assert now_of(record, told.moment).quiet is None
    assert now_of(record, told.moment + QUIET + 5).quiet == QUIET + 5


def test_failed_items_are_there_while_it_runs(running: Path) -> None:
    page = failed_items_of(load(running))

    assert sorted(item.position for failed in page.failed for item in failed.items) == [4, 5, 6, 7]
    assert page.failed[0].message == "five is bad"
    assert 'raise ValueError("five is bad")' in page.failed[0].traceback


def test_items_are_beside_their_rows_while_it_runs(running: Path) -> None:
    found = beside_inputs_of(load(running), 24)

    assert [[item.position for item in scoring.items] for scoring in found.scorings[:2]] == [[24], [25]]
    assert found.scorings[0].rows == (("24",),)
    assert [scoring.rows for scoring in found.scorings[4:]] == [()] * 4
    assert (found.next, found.previous) == (None, 0)


def test_lines_that_a_worker_adds_are_read_on(running: Path, go: Path) -> None:
    record = load(running)
    name = next(log.name for log in logs_of(record) if log.name.startswith("user/stdout") and log.size)
    first = lines_of(record, name, 0, 1)
    go.touch()

    assert first.lines[0].text.startswith(b"looking at")
    assert lines_of(record, name, first.end).start == first.end


@pytest.fixture
def ended(jobs: Jobs, go: Path) -> JobRecord:
    """A job that is over, some of whose items have failed."""
    go.touch()
    script = """
    def run(mini_batch):
        print("a line")
        if int(open(mini_batch[0]).read()) % 3 == 0:
            raise ValueError("three by three")
        return [f"{path[-9:]} {open(path).read()}" for path in mini_batch]
    """
    return jobs.run(jobs.request(script, items=60, mini_batch_size=2, max_retries=0, bisect=False))


def test_failed_items_are_paged(ended: JobRecord) -> None:
    pages = [failed_items_of(ended)]
    while (following := pages[-1].next) is not None:
        pages.append(failed_items_of(ended, following))
    listed = [json.loads(line)["position"] for line in (ended.folder / "failed_items.jsonl").read_text().splitlines()]

    assert [item.position for page in pages for failed in page.failed for item in failed.items] == listed
    assert len(pages) == -(-len(listed) // failed_items.PAGE) == 1
    assert [len(failed.items) for failed in pages[0].failed] == [2] * 10


def test_a_page_of_failed_items_is_no_longer_than_asked(ended: JobRecord) -> None:
    first = failed_items_of(ended, most=3)
    assert first.next is not None

    assert sum(len(failed.items) for failed in first.failed) == 3
    assert failed_items_of(ended, first.next, most=3).failed[0].items[0].position == 7


def test_logs_are_listed_read_and_searched(ended: JobRecord) -> None:
    names = [log.name for log in logs_of(ended)]
    stdout = next(name for name in names if name.startswith("user/stdout"))

    assert names[0] == "job_error.txt"
    assert {log.group for log in logs_of(ended)} >= {"the job", "what workers printed", "what workers raised"}
    assert lines_of(ended, stdout, None, 2).lines[-1].text == b"a line"
    assert len(search_of(ended, "job_error.txt", "THREE by").lines) > 1
    assert lines_before(ended, stdout, lines_of(ended, stdout, None, 2).start, 1).lines[0].text == b"a line"


@pytest.mark.parametrize("name", ["", "../job.json", "user", "/etc/hostname", "nothing.txt", "a\0b", "link.txt"])
def test_no_log_is_outside_of_the_logs(ended: JobRecord, name: str) -> None:
    (ended.folder / "logs/link.txt").symlink_to(ended.folder / "job.json")

    with pytest.raises(NotFound):
        lines_of(ended, name, 0)


def test_outputs_are_listed_and_shown(ended: JobRecord) -> None:
    (ended.output_folder / "picture.png").write_bytes(b"")
    (ended.output_folder / "half.csv.partial").write_bytes(b"")
    found = output_files_of(ended)

    assert [(file.name, file.is_predictions) for file in found.files] == [
        ("predictions.csv", True), ("picture.png", False)
    ]  # fmt: skip
    assert rows_of(ended, "predictions.csv").rows[0] == ("00002.txt", "2")
    with output_opened(ended, "predictions.csv") as stream:
        assert stream.read(9) == b"00002.txt"


@pytest.mark.parametrize("name", ["", "../job.json", "half.csv.partial", "link.csv", "predictions.csv/", "a/../b"])
def test_no_output_is_outside_of_the_outputs(ended: JobRecord, name: str) -> None:
    (ended.output_folder / "link.csv").symlink_to(ended.folder / "job.json")
    (ended.output_folder / "half.csv.partial").write_bytes(b"")

    with pytest.raises(NotFound), output_opened(ended, name):
        pass


def test_of_a_folder_that_the_user_named_the_predictions_alone_are_shown(ended: JobRecord) -> None:
    named = ended.output_folder.parent / "mine"
    ended.output_folder.rename(named)
    (named / "private.txt").write_text("private")
    record = ended.model_copy(update={"output_folder": named, "output_file": named / "predictions.csv"})

    assert [file.name for file in output_files_of(record).files] == ["predictions.csv"]
    with pytest.raises(NotFound), output_opened(record, "private.txt"):
        pass


def test_an_item_of_the_input_is_opened(ended: JobRecord) -> None:
    with item_opened(ended, 7) as (stream, name):
        assert (stream.read(), name) == (b"7", "00007.txt")
    for position in (-1, 60):
        with pytest.raises(NotFound), item_opened(ended, position):
            pass


def test_items_without_rows_of_their_own_are_together_with_those_of_their_call(jobs: Jobs) -> None:
    script = "def run(mini_batch):\n    return ['one', 'two', 'three'][:len(mini_batch) + 1]\n"
    record = jobs.run(jobs.request(script, items=4, mini_batch_size=2, output_format="jsonl"))
    found = beside_inputs_of(record)

    assert [([item.position for item in one.items], len(one.rows)) for one in found.scorings] == [
        ([0, 1], 3),
        ([2, 3], 3),
    ]


@pytest.mark.parametrize("output_format", ["azureml", "csv", "jsonl", "parquet"])
def test_rows_of_every_format_stand_beside_their_items(jobs: Jobs, output_format: str) -> None:
    script = "def run(mini_batch):\n    return [{'file': path[-9:], 'n': 1} for path in mini_batch]\n"
    record = jobs.run(jobs.request(script, items=6, mini_batch_size=2, output_format=output_format))
    found = beside_inputs_of(record, 2, most=2)

    assert [[item.position for item in scoring.items] for scoring in found.scorings] == [[2], [3]]
    assert "00002.txt" in " ".join(found.scorings[0].rows[0])
    assert found.columns == (("file", "n") if output_format == "csv" else ())


def test_what_a_job_tells_is_written_now_and_then_and_stays_small(tmp_path: Path) -> None:
    moment = [0.0]
    live = LiveFile(tmp_path, clock=lambda: moment[0], wall=lambda: 1_000_000 + moment[0])
    sizes = []
    for second in range(3600):
        moment[0] = second / 2
        live.hear(_progress(second / 2))
        sizes.append((tmp_path / NAME).stat().st_size)
    told = read(tmp_path)

    assert told is not None
    assert told.moment == 1_000_000 + 1799
    assert 30 <= len(told.readings) <= 64
    assert told.readings[-1].elapsed > 1700
    assert max(sizes) < 5000


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format_version": 2}', '{"format_version": 1, "moment": "x"}'])
def test_what_nobody_can_read_is_nothing_that_was_told(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    assert read(tmp_path) is None


def _progress(elapsed: float) -> Progress:
    states = (WorkerState("process000", "node0", "scoring", 1, 5, None),)
    return Progress(100, 1, 0, 2.5, elapsed, None, 1, 1, 0, 0, worker_states=states)


def test_a_page_of_logs_is_no_longer_than_asked(ended: JobRecord) -> None:
    assert len(lines_of(ended, "readme.txt", 0, 3).lines) == 3


def test_nothing_of_a_job_without_items_is_more_than_all() -> None:
    class Empty:
        counts = type("Counts", (), {"items": 0, "scored": 0, "failed": 0})

    assert Now(Empty()).share == 0.0  # type: ignore[arg-type]
