"""Outputs in stores: there when complete and not before, over nothing, and sent again after whatever stopped them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import NotUploaded, OutputExists
from bep.runner.folder.record import JobRecord
from bep.runner.jobs import running
from bep.runner.request import JobRequest
from bep.runner.transfer import stores
from bep.runner.transfer.transfers import Board
from bep.runner.transfer.uploading import upload
from tests.runner.conftest import RUNNER
from tests.runner.inputs.stores import PASSWORD, FtpStore, ftp_store, memory_store

Jobs = Any

OWN_FILES = """
    import os

    def init():
        with open(os.environ["COUNT"], "a") as file:
            file.write("init\\n")

    def run(mini_batch):
        for path in mini_batch:
            text = open(path).read()
            if text == "3" and os.path.exists(os.environ["COUNT"] + ".bad"):
                raise ValueError("three")
            own = os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "own", "[" + text + "] *.txt")
            os.makedirs(os.path.dirname(own), exist_ok=True)
            with open(own, "w") as file:
                file.write(text)
        return [open(path).read() for path in mini_batch]
"""
ROWS = "".join(f"{n}\n" for n in range(6)).encode()


@pytest.fixture
def store() -> Iterator[Any]:
    with memory_store() as system:
        yield system


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpStore]:
    with ftp_store(tmp_path / "served") as server:
        yield server


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PAUSE", 0)


def request(jobs: Jobs, address: str = "memory://out/score", **how: Any) -> JobRequest:
    asked: JobRequest = jobs.request(
        OWN_FILES, **{"items": 6, "mini_batch_size": 2, "variables": {"COUNT": str(jobs.root / "count")}, **how}
    )
    return asked.model_copy(update={"output_folder": asked.folder / "outputs", "output_address": address})


def inits(jobs: Jobs) -> int:
    file = jobs.root / "count"
    return len(file.read_text().splitlines()) if file.exists() else 0


def there(store: Any, folder: str = "/out/score") -> dict[str, bytes]:
    return {path.removeprefix(folder + "/"): store.cat_file(path) for path in store.find("/out")}


ALL = {"predictions.csv": ROWS, **{f"own/[{n}] *.txt": str(n).encode() for n in range(6)}}


def test_rows_and_a_scripts_own_files_appear_in_the_store(jobs: Jobs, store: Any) -> None:
    record = jobs.run(request(jobs))
    assert record.status == "Completed", record.error
    assert there(store) == ALL
    assert record.output_place == "memory://out/score/predictions.csv"


def test_what_stands_in_its_place_is_kept_and_nothing_is_done(jobs: Jobs, store: Any) -> None:
    store.pipe("/out/score/predictions.csv", b"precious")
    with pytest.raises(OutputExists, match=r"memory://out/score/predictions.csv exists already and is never over"):
        jobs.run(request(jobs))
    assert there(store) == {"predictions.csv": b"precious"}
    assert inits(jobs) == 0


def test_a_file_in_the_place_of_a_scripts_own_is_kept_and_the_rows_do_not_appear(jobs: Jobs, store: Any) -> None:
    store.pipe("/out/score/own/[4] *.txt", b"precious")
    record = jobs.run(request(jobs))
    assert (record.status, record.error.code) == ("Failed", "OutputExists")
    assert store.cat_file("/out/score/own/[4] *.txt") == b"precious"
    assert not store.exists("/out/score/predictions.csv")
    store.rm_file("/out/score/own/[4] *.txt")
    assert resumed(jobs, record).status == "Completed"
    assert there(store) == ALL


def test_a_store_that_cannot_be_opened_is_told_before_any_work(jobs: Jobs, store: Any) -> None:
    with pytest.raises(NotUploaded, match=r"pip install 'bep-batch\[fsspec\]' 'gcsfs'"):
        jobs.run(request(jobs, "gs://bucket/out"))
    assert inits(jobs) == 0


def resumed(jobs: Jobs, record: JobRecord, step: Any = running.resume) -> JobRecord:
    ended: JobRecord = step(
        record.folder,
        environment_variables={"COUNT": str(jobs.root / "count")},
        environment=dict(os.environ),
        report=jobs.events.append,
        cancel=threading.Event(),
    )
    return ended


def test_an_upload_that_fails_keeps_the_rows_and_resume_does_that_alone(
    jobs: Jobs, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_file(_: Any, source: str, target: str, **how: Any) -> None:
        if "predictions" in target:
            raise OSError("quota exceeded")
        whole(_, source, target, **how)

    whole = type(store).put_file
    with monkeypatch.context() as broken:
        broken.setattr(type(store), "put_file", put_file)
        record = jobs.run(request(jobs))
    assert (record.status, record.error.code) == ("Failed", "OutputNotUploaded")
    assert "memory://out/score: predictions.csv is not uploaded: OSError: quota exceeded" in record.error.message
    assert record.error.fix.startswith("resume the job")
    assert set(there(store)) == set(ALL) - {"predictions.csv"}
    before = inits(jobs)
    assert resumed(jobs, record).status == "Completed"
    assert there(store) == ALL
    assert inits(jobs) == before > 0


def test_a_half_upload_is_not_taken_for_a_whole_one(jobs: Jobs, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def put_file(self: Any, _: str, target: str, **__: Any) -> None:
        self.pipe_file(target, b"half")

    monkeypatch.setattr(type(store), "put_file", put_file)
    record = jobs.run(request(jobs))
    assert "4 of 12 bytes are there after the upload" in record.error.message or "4 of 1 bytes" in record.error.message
    assert there(store) == {}


def test_a_store_that_cannot_move_gets_the_file_under_its_name(
    jobs: Jobs, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cp_file(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(type(store), "cp_file", cp_file)
    assert jobs.run(request(jobs)).status == "Completed"
    assert there(store) == ALL


def test_failed_items_are_scored_into_the_same_output_unless_it_was_changed(jobs: Jobs, store: Any) -> None:
    (jobs.root / "count.bad").touch()
    record = jobs.run(request(jobs, max_retries=1))
    assert (record.status, record.counts.failed) == ("Completed", 1)
    kept = store.cat_file("/out/score/predictions.csv")
    (jobs.root / "count.bad").unlink()
    store.pipe("/out/score/predictions.csv", kept + b"precious\n")
    refused = resumed(jobs, record, running.retry)
    assert (refused.status, refused.error.code if refused.error else "") == ("Failed", "OutputExists")
    assert "has changed since job job wrote it, and is not overwritten" in str(refused.error)
    store.rm("/out/score/predictions.csv")
    assert resumed(jobs, refused).status == "Completed"
    assert there(store) == ALL


def test_failed_items_replace_the_jobs_own_output(jobs: Jobs, store: Any) -> None:
    (jobs.root / "count.bad").touch()
    record = jobs.run(request(jobs, max_retries=1))
    assert there(store)["predictions.csv"] == ROWS.replace(b"3\n", b"")
    (jobs.root / "count.bad").unlink()
    assert resumed(jobs, record, running.retry).status == "Completed"
    assert there(store) == ALL


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged/a.csv").write_bytes(ROWS)
    return tmp_path / "staged"


def test_a_run_that_ended_between_the_move_and_its_line_knows_its_own_file(
    staged: Path, store: Any, tmp_path: Path
) -> None:
    journal = tmp_path / "uploads"
    upload("memory://out/score", staged, journal, "job").send("a.csv", Board())
    lines = journal.read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["step"] for line in lines] == ["moving", "there"]
    created = store.info("/out/score/a.csv")["created"]
    for torn in (lines[0], lines[0] + lines[1][:20]):
        journal.write_bytes(torn)
        upload("memory://out/score", staged, journal, "job").send("a.csv", Board())
        assert store.info("/out/score/a.csv")["created"] == created
        assert [json.loads(line)["step"] for line in journal.read_bytes().splitlines()] == ["moving", "there"]
    journal.write_bytes(lines[0])
    store.pipe("/out/score/.a.csv.job.partial", ROWS)  # where moving is a copy and a removal, a kill comes between
    upload("memory://out/score", staged, journal, "job").send("a.csv", Board())
    assert there(store) == {"a.csv": ROWS}
    journal.write_bytes(lines[0])
    store.pipe("/out/score/a.csv", ROWS[::-1])
    with pytest.raises(OutputExists, match=r"memory://out/score/a.csv has changed"):
        upload("memory://out/score", staged, journal, "job").send("a.csv", Board())
    assert store.cat_file("/out/score/a.csv") == ROWS[::-1]


def test_a_real_server_gets_it_and_its_password_is_kept_nowhere(jobs: Jobs, ftp: FtpStore) -> None:
    record = jobs.run(request(jobs, f"{ftp.url}/a folder/score"))
    assert record.status == "Completed", record.error
    found = {path.relative_to(ftp.folder).as_posix() for path in ftp.folder.rglob("*") if path.is_file()}
    assert found == {f"a folder/score/{name}" for name in ALL}
    assert (ftp.folder / "a folder/score/predictions.csv").read_bytes() == ROWS
    written = [path for path in record.folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert written == []
    assert record.output_place == f"ftp://***@127.0.0.1:{ftp.port}/a folder/score/predictions.csv"


def test_a_kill_in_the_middle_of_an_upload_shows_nothing_and_resume_sends_it(jobs: Jobs, ftp: FtpStore) -> None:
    ftp.stop()
    ftp.start(limit=200_000)
    asked = jobs.request("def run(mini_batch):\n    return ['x' * 100_000 for _ in mini_batch]\n", items=10)
    asked = asked.model_copy(
        update={"output_folder": asked.folder / "outputs", "output_address": f"{ftp.url}/out", "environment": None}
    )
    (jobs.root / "request.json").write_text(asked.model_dump_json())
    with subprocess.Popen([sys.executable, "-c", RUNNER, str(jobs.root / "request.json")]) as process:
        partial = ftp.folder / "out/.predictions.csv.job.partial"
        until, arrived = time.monotonic() + 60, 0
        while not arrived and time.monotonic() < until:
            time.sleep(0.01)
            arrived = partial.stat().st_size if partial.exists() else 0
        process.send_signal(signal.SIGKILL)
    assert 0 < arrived < 1_000_000  # then; the server goes on with what was on its way
    assert [path.name for path in ftp.folder.rglob("*.csv")] == []
    ftp.stop()
    ftp.start()
    record = running.resume(
        asked.folder,
        environment_variables={},
        environment=dict(os.environ),
        report=jobs.events.append,
        cancel=threading.Event(),
        output_address=f"{ftp.url}/out",
    )
    assert record.status == "Completed", record.error
    assert (ftp.folder / "out/predictions.csv").read_bytes() == (b"x" * 100_000 + b"\n") * 10
    assert [path.name for path in ftp.folder.rglob("*") if path.is_file()] == ["predictions.csv"]


def test_a_server_that_goes_away_is_told_and_the_rest_is_kept(
    jobs: Jobs, ftp: FtpStore, staged: Path, tmp_path: Path
) -> None:
    ftp.stop()
    with pytest.raises(NotUploaded, match=r"ftp://\*\*\*@.*ConnectionRefusedError") as told:
        upload(f"{ftp.url}/out", staged, tmp_path / "uploads", "job").send("a.csv", Board())
    assert "canary" not in str(told.value)
