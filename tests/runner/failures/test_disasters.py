"""Disks that fill, and kills of everything at once: what was scored is kept, and no row stands twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bep.runner.folder import record as records
from tests.runner.conftest import RUNNER

Jobs = Any
Living = Callable[[], list[int]]

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))
"""


def test_a_full_disk_fails_the_job_and_what_was_written_is_kept(jobs: Jobs, living: Living) -> None:
    script = """
        import os, resource
        def init():
            if not os.path.exists(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/room"):
                resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        def run(mini_batch): return [os.path.basename(path) for path in mini_batch]
    """
    request = jobs.request(script, items=2000, mini_batch_size=10)
    record = jobs.run(request)
    assert (record.status, record.error.code) == ("Failed", "WriteFailed")
    assert "File too large" in record.error.message
    assert living() == []
    assert list(request.output_folder.iterdir()) == []
    (request.output_folder / "room").touch()
    resumed = jobs.resume(request)
    assert (resumed.status, resumed.counts.scored) == ("Completed", 2000)
    assert resumed.output_file.read_text().split() == [f"{n:05d}.txt" for n in range(2000)]


def test_a_disk_that_fills_while_the_output_is_put_together_costs_no_row(jobs: Jobs, living: Living) -> None:
    script = """
        import os, time
        def run(mini_batch):
            there = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/../there"
            os.makedirs(there, exist_ok=True)
            open(os.path.join(there, str(os.getpid())), "w").close()
            while len(os.listdir(there)) < 2:
                time.sleep(0.01)
            return [path[-9:] * 100 for path in mini_batch]
    """
    request = jobs.request(script, items=400, mini_batch_size=4)
    file = jobs.root / "request.json"
    file.write_text(request.model_dump_json())
    whole = 400 * 901  # each of two workers writes some of it, and neither all
    runner = [sys.executable, "-c", LIMITED.replace("{most}", str(whole - 1)) + RUNNER, str(file)]
    subprocess.run(runner, check=True, stdout=subprocess.DEVNULL)
    record = records.load(request.folder)
    assert (record.status, record.error and record.error.code) == ("Failed", "RunnerFailed")
    assert "File too large" in str(record.error)
    assert record.counts.scored == 400
    assert list(request.output_folder.iterdir()) == []
    assert living() == []
    resumed = jobs.resume(request)
    assert (resumed.status, resumed.counts.scored) == ("Completed", 400)
    assert resumed.output_file.read_text().splitlines() == [f"{n:05d}.txt" * 100 for n in range(400)]
    assert [path.name for path in request.output_folder.iterdir()] == ["predictions.csv"]


def test_workers_and_their_runner_killed_at_once_again_and_again(jobs: Jobs, living: Living) -> None:
    script = """
        import time
        def run(mini_batch):
            time.sleep(0.01)
            return [open(path).read() for path in mini_batch]
    """
    request = jobs.request(script, items=1500, mini_batch_size=5, max_retries=100)
    file = jobs.root / "request.json"
    file.write_text(request.model_dump_json())
    dice = random.Random(11)
    storms = 0
    while storms < 8:
        runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], stdout=subprocess.PIPE)
        assert runner.stdout
        if not runner.stdout.readline():
            assert runner.wait() == 0
            break
        for _ in range(3):
            time.sleep(dice.uniform(0.0, 0.08))
            _strike(living(), runner.pid, dice)
        runner.kill()
        _strike(living(), runner.pid, dice)
        runner.communicate()
        storms += 1
    assert storms >= 3
    record = jobs.resume(request)
    assert record.status == "Completed", record.error
    assert record.output_file.read_text().split() == [str(n) for n in range(1500)]
    assert (record.counts.scored, record.counts.failed) == (1500, 0)
    assert living() == []


def _strike(living: list[int], runner: int, dice: random.Random) -> None:
    """SIGKILL one of the job's processes that is not its runner."""
    workers = [process for process in living if process != runner]
    if workers:
        with suppress(ProcessLookupError):
            os.kill(dice.choice(workers), signal.SIGKILL)
