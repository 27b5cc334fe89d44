"""Every step after the last mini-batch, failed once and killed once: the next run ends with the same bytes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bep.runner.folder import record
from bep.runner.folder.folder import JobFolder
from bep.runner.jobs import steps
from bep.runner.outputs import assembling, publishing

Jobs = Any

SCRIPT = """
    def run(mini_batch):
        return [{"file": path[-9:-4], "n": int(path[-9:-4])} for path in mini_batch]
"""
STEPS = {
    "counting": (steps, "tallied"),
    "assembling": (assembling, "assemble"),
    "converting": (steps.Job, "_convert"),
    "listing what failed": (steps, "write_failed_items"),
    "publishing": (publishing, "publish"),
    "publishing, half": (assembling, "sync_folder"),
    "the last record": (steps.Job, "_end"),
    "forgetting the temporary name": (assembling, "forget"),
}
NOT_FAILING = ("the last record", "publishing, half", "forgetting the temporary name")
"""Steps whose failure leaves a job that is complete, or that no caller of theirs sees."""

KILLED = """
import importlib, os, pickle, signal, sys, threading
from pathlib import Path
from bep.runner.jobs import running
from tests.runner.failures.test_after_scoring import STEPS

place, name = STEPS[sys.argv[1]]
setattr(place, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
request = pickle.loads(Path(sys.argv[2]).read_bytes())
running.run(request, report=lambda event: None, cancel=threading.Event())
"""


def whole(jobs: Jobs, output_format: str) -> bytes:
    request = jobs.request(SCRIPT, name="whole", mini_batch_size=4, workers=1, output_format=output_format)
    written = jobs.run(request).output_file.read_bytes()
    assert written
    return bytes(written)


@pytest.mark.parametrize("output_format", ["azureml", "csv", "jsonl", "parquet"])
def test_a_step_that_failed_is_done_by_the_next_run(
    jobs: Jobs, output_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whole(jobs, output_format)
    for step, (place, name) in STEPS.items():
        if (step == "converting") > (output_format == "parquet") or step in NOT_FAILING:
            continue
        request = jobs.request(SCRIPT, name=f"{step} failed", mini_batch_size=4, workers=1, output_format=output_format)
        with monkeypatch.context() as broken:
            broken.setattr(place, name, _full_disk)
            assert jobs.run(request).status == "Failed", step
        again = jobs.resume(request)
        assert (again.status, again.counts.scored, again.counts.failed) == ("Completed", 40, 0), step
        assert again.output_file.read_bytes() == expected, step
        assert [file.name for file in again.output_folder.iterdir()] == [again.output_file.name]


@pytest.mark.parametrize("output_format", ["azureml", "csv", "jsonl", "parquet"])
def test_a_step_that_was_killed_is_done_by_the_next_run(jobs: Jobs, output_format: str) -> None:
    import pickle

    expected = whole(jobs, output_format)
    for step in STEPS:
        if (step == "converting") > (output_format == "parquet"):
            continue
        request = jobs.request(SCRIPT, name=f"{step} killed", mini_batch_size=4, workers=1, output_format=output_format)
        kept = jobs.root / "request"
        kept.write_bytes(pickle.dumps(request))
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        killed = subprocess.run([sys.executable, "-c", KILLED, step, str(kept)], env=environment, check=False)
        assert killed.returncode == -9, step
        again = jobs.resume(request) if record.read(JobFolder(request.folder)).status != "Completed" else None
        found = again or record.load(request.folder)
        assert (found.status, found.counts.scored, found.counts.failed) == ("Completed", 40, 0), step
        assert found.output_file
        assert found.output_file.read_bytes() == expected, step


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


SLOW = """
import os
import pyarrow.parquet as parquet
write = parquet.ParquetWriter.write_table
def written(self, table):
    with open(os.environ["CONVERTING"], "w") as file:
        file.write(str(os.getpid()))
    while os.path.exists(os.environ["HELD"]):
        pass
    return write(self, table)
if __import__("sys").argv[1:2] == ["parquet"]:
    parquet.ParquetWriter.write_table = written
"""
RUN = """
import pickle, sys, threading
from pathlib import Path
from bep.runner.jobs import running
running.run(pickle.loads(Path(sys.argv[1]).read_bytes()), report=lambda event: None, cancel=threading.Event())
"""


def test_a_conversion_dies_with_its_runner_and_writes_into_no_later_file(jobs: Jobs) -> None:
    import pickle
    import time

    expected = whole(jobs, "parquet")
    hooks = jobs.root / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(SLOW)
    (held := jobs.root / "held").touch()
    request = jobs.request(SCRIPT, name="orphan", mini_batch_size=4, workers=1, output_format="parquet")
    hooked = {"PYTHONPATH": str(hooks), "CONVERTING": str(jobs.root / "process"), "HELD": str(held)}
    request = request.model_copy(update={"environment": {**(request.environment or {}), **hooked}})
    kept = jobs.root / "request"
    kept.write_bytes(pickle.dumps(request))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "-c", RUN, str(kept)], env=environment) as runner:
        while not (jobs.root / "process").exists() or not (jobs.root / "process").read_text():
            assert runner.poll() is None
            time.sleep(0.01)
        runner.kill()
    orphan = Path("/proc") / (jobs.root / "process").read_text() / "cmdline"
    for _ in range(6000):  # a minute: what is killed is gone when its processor has time for it
        if not orphan.exists() or not orphan.read_bytes():
            break
        time.sleep(0.01)
    else:
        pytest.fail("the conversion goes on without its runner")
    held.unlink()
    again = jobs.resume(request)
    assert (again.status, again.output_file.read_bytes() == expected) == ("Completed", True), again.error
