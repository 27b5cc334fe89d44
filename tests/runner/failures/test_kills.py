"""SIGKILL at random moments, of workers and of the runner: no row is lost, none stands twice, no process is left."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bep.runner.errors import JobBusy, JobInvalid
from bep.runner.events import Event, Progress
from bep.runner.folder import record as records
from bep.runner.jobs import running
from tests.runner.conftest import RUNNER

Jobs = Any
Living = Callable[[], list[int]]

SLOW = """
    import time
    def run(mini_batch):
        time.sleep(0.003)
        return [open(path).read() for path in mini_batch]
"""


def killer(name: str, stop: threading.Event, kills: list[int], dice: random.Random) -> None:
    """SIGKILL one of the job's workers fifteen times, at random moments."""
    while len(kills) < 15 and not stop.wait(dice.uniform(0.02, 0.12)):
        workers = [p for p in children() if name in commands(p)]
        if workers:
            os.kill(dice.choice(workers), signal.SIGKILL)
            kills.append(1)


def children() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def commands(process: int) -> str:
    try:
        return str(Path(f"/proc/{process}/cwd").readlink())
    except OSError:
        return ""


@pytest.mark.parametrize("seed", range(2))
def test_killed_workers_cost_nothing_but_time(jobs: Jobs, living: Living, seed: int) -> None:
    dice = random.Random(seed)
    stop, kills = threading.Event(), list[int]()
    request = jobs.request(SLOW, items=2000, mini_batch_size=1, max_retries=100)
    thread = threading.Thread(target=killer, args=(str(jobs.root), stop, kills, dice))
    thread.start()
    try:
        record = jobs.run(request)
    finally:
        stop.set()
        thread.join()
    assert record.status == "Completed", record.error
    assert record.output_file is not None
    assert record.output_file.read_text().split() == [str(n) for n in range(2000)]
    assert (record.counts.scored, record.counts.failed) == (2000, 0)
    assert len(kills) == 15
    assert record.counts.retries <= record.counts.workers_lost <= len(kills)
    assert living() == []


def test_a_killed_runner_leaves_no_process_and_its_job_resumes_to_the_same_bytes(
    jobs: Jobs, living: Living, tmp_path: Path
) -> None:
    dice = random.Random(7)
    script = SLOW.replace("0.003", "0.01").replace(
        "return", "mini_batch[0].endswith('00150.txt') and 1 / 0\n        return"
    )
    undisturbed = jobs.run(jobs.request(script, name="calm", items=1500, mini_batch_size=5))
    request = jobs.request(script, name="stormy", items=1500, mini_batch_size=5)
    file = tmp_path / "request.json"
    file.write_text(request.model_dump_json())
    kills = 0
    while kills < 12:
        runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], stdout=subprocess.PIPE)
        assert runner.stdout
        if (
            kills % 4 and not runner.stdout.readline()
        ):  # it says that the job has started, unless there is no more to do
            assert runner.wait() == 0
            break
        time.sleep(dice.uniform(0.0, 0.25))
        runner.kill()
        runner.communicate()
        kills += 1
        until = time.monotonic() + 1
        while living() and time.monotonic() < until:
            time.sleep(0.01)
        assert living() == []
        if (request.folder / "job.json").exists():
            shown = records.load(request.folder)
            assert shown.status == "NotResponding" or shown.status.is_final
    assert kills >= 4
    record = jobs.resume(request)
    assert record.status == "Completed", record.error
    assert record.output_file is not None
    assert undisturbed.output_file is not None
    assert record.output_file.read_bytes() == undisturbed.output_file.read_bytes()
    assert undisturbed.counts.failed == 1
    assert failed(record) == failed(undisturbed)
    # a kill may spare a split: what is left of a mini-batch can be its bad file alone
    by_chance = {"retries": 0, "workers_lost": 0, "splits": 0}
    assert record.counts.model_copy(update=by_chance) == undisturbed.counts.model_copy(update=by_chance)
    assert sorted(path.name for path in request.output_folder.iterdir()) == ["predictions.csv"]


def failed(record: records.JobRecord) -> list[tuple[int, str, int]]:
    lines = map(json.loads, (record.folder / "failed_items.jsonl").read_text().splitlines())
    return [(line["position"], line["type"], line["attempts"]) for line in lines]


HUNG = """
import sys, threading
from bep.runner.jobs import running
from bep.runner.request import JobRequest
request = JobRequest.model_validate_json(open(sys.argv[1]).read())
running.run(request, report=lambda event: print(type(event).__name__, flush=True), cancel=threading.Event())
"""


@pytest.mark.parametrize(
    "hang", ["while True: pass", "time.sleep(10**6)", "subprocess.run(['sleep', '1000'])", "os.fork(); time.sleep(99)"]
)
def test_nothing_outlives_a_killed_runner_even_inside_a_call_that_hangs(
    jobs: Jobs, living: Living, tmp_path: Path, hang: str
) -> None:
    script = f"""
        import os, subprocess, time
        def run(mini_batch):
            open(os.environ["AZUREML_BI_OUTPUT_PATH"] + "/hung", "w").close()
            {hang}
    """
    request = jobs.request(script, timeout=1000)
    file = tmp_path / "request.json"
    file.write_text(request.model_dump_json())
    runner = subprocess.Popen([sys.executable, "-c", HUNG, str(file)], stdout=subprocess.PIPE)
    while not (request.output_folder / "hung").exists():
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(living()) >= 2
    with pytest.raises(JobBusy, match=f"process {runner.pid}"):
        jobs.resume(request)
    assert records.load(request.folder).status == "Running"
    runner.kill()
    runner.communicate()
    until = time.monotonic() + 1
    while living() and time.monotonic() < until:
        time.sleep(0.01)
    assert living() == []


def test_a_power_cut_that_lost_rows_loses_only_those(jobs: Jobs) -> None:
    cancel = threading.Event()
    request = jobs.request(SLOW.replace("0.003", "0.01"), items=900, mini_batch_size=5)

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.scored > 100:
            cancel.set()

    assert running.run(request, report=report, cancel=cancel).status == "Canceled"
    first = max((request.folder / "parts").glob("*.rows"), key=lambda path: path.stat().st_size)
    second = first.with_suffix(".journal")
    size = first.stat().st_size
    assert size > 100
    with first.open("rb+") as file:
        file.truncate(size - 40)
        file.seek(size - 60)
        file.write(bytes(10))
    with second.open("rb+") as file:
        file.truncate(second.stat().st_size - 7)
    with (request.folder / "journal").open("ab") as file:
        file.write(b'12345678 {"torn')
    record = jobs.resume(request)
    assert (record.status, record.counts.scored) == ("Completed", 900)
    assert record.output_file is not None
    assert record.output_file.read_text().split() == [str(n) for n in range(900)]


def test_a_finished_job_is_not_run_again(jobs: Jobs) -> None:
    request = jobs.request()
    record = jobs.run(request)
    before = record.output_file.read_bytes()
    assert jobs.resume(request) == record
    assert record.output_file.read_bytes() == before
    with pytest.raises(JobInvalid, match="there is a job job already"):
        jobs.run(request)


def test_resume_needs_the_values_that_no_record_holds(jobs: Jobs) -> None:
    cancel = threading.Event()
    cancel.set()
    request = jobs.request(variables={"TOKEN": "hunter2-canary"})
    assert jobs.run(request, cancel).status == "Canceled"
    for path in request.folder.rglob("*"):
        assert path.is_dir() or b"hunter2-canary" not in path.read_bytes()
    with pytest.raises(JobInvalid, match="TOKEN"):
        jobs.resume(
            request.model_copy(update={"target": request.target.model_copy(update={"environment_variables": {}})})
        )
    assert jobs.resume(request).status == "Completed"


def test_a_runner_killed_just_after_it_published_knows_its_own_output(jobs: Jobs) -> None:
    request = jobs.request()
    record = jobs.run(request)
    output = record.output_file
    output.with_name(".predictions.csv.job.partial").hardlink_to(output)
    records.save(record.model_copy(update={"status": records.Status.FINALIZING, "finished": None}))
    assert records.load(request.folder).status == "NotResponding"
    resumed = jobs.resume(request)
    assert (resumed.status, resumed.counts) == ("Completed", record.counts)
    assert [path.name for path in request.output_folder.iterdir()] == ["predictions.csv"]
