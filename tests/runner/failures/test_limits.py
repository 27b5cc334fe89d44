"""Limits on what one worker may use: who passes them is named and replaced, at the cost of one attempt."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from bep.runner.events import Progress, WorkerLost
from bep.runner.request import Settings
from bep.schemas.values.written import Invalid

Jobs = Any
Living = Callable[[], list[int]]

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system has no /proc")  # noqa: PTH110

GROWS = """
    import os, subprocess, sys, time

    KEPT = []

    def grow():
        {how}
        time.sleep(100)

    def run(mini_batch):
        for path in mini_batch:
            if path.endswith("00013.txt"):
                grow()
        return [open(path).read() for path in mini_batch]
"""


@pytest.mark.parametrize(
    "how",
    [
        "KEPT.append(bytearray(os.urandom(1) * 300_000_000))",
        "subprocess.Popen([sys.executable, '-c', 'import time; b = bytearray(b\"x\" * 300_000_000); time.sleep(100)'])",
    ],
)
def test_a_worker_that_grows_past_its_limit_is_named_and_replaced(jobs: Jobs, living: Living, how: str) -> None:
    record, output = jobs.score(
        GROWS.replace("{how}", how), worker_memory="200MB", mini_batch_size=2, max_retries=1, timeout=60
    )
    assert record.status == "Completed", record.error
    assert output.split() == [str(n) for n in range(40) if n != 13]
    assert (record.counts.failed, record.counts.workers_lost) == (1, 4)  # 2 items twice, then 1
    failure = record.failures[0]
    assert failure.code == "MemoryLimit"
    assert "MB of memory, and worker_memory allows 200 MB" in failure.message
    assert failure.files[0].endswith("00013.txt")
    assert "in grow" in failure.traceback
    assert [event.reason for event in jobs.of(WorkerLost)][-1] == failure.message
    assert living() == []


def test_what_forked_processes_share_is_counted_once(jobs: Jobs) -> None:
    script = """
        import os, time
        MODEL = bytearray(b"x" * 100_000_000)
        def run(mini_batch):
            children = []
            for _ in range(4):
                child = os.fork()
                if child == 0:
                    time.sleep(0.5)
                    os._exit(0)
                children.append(child)
            for child in children:
                os.waitpid(child, 0)
            return mini_batch
    """
    record, _ = jobs.score(script, worker_memory="250MB", items=2, mini_batch_size=1)
    assert (record.status, record.counts.workers_lost) == ("Completed", 0)


def test_a_model_that_does_not_fit_fails_the_job_at_the_first_worker(jobs: Jobs, living: Living) -> None:
    script = """
        import time
        def init():
            global MODEL
            MODEL = bytearray(b"x" * 300_000_000)
            time.sleep(100)
        def run(mini_batch): return mini_batch
    """
    record, _ = jobs.score(script, worker_memory="100MiB", workers=1)
    assert (record.status, record.error.code) == ("Failed", "MemoryLimit")
    assert "worker_memory allows 105 MB" in record.error.message
    assert "in init" in record.error.traceback
    assert living() == []


def test_workers_have_cores_of_their_own_and_as_many_native_threads(jobs: Jobs) -> None:
    script = """
        import os, time
        def run(mini_batch):
            time.sleep(0.05)
            return [",".join(map(str, sorted(os.sched_getaffinity(0)))) + ":" + os.environ["OMP_NUM_THREADS"]]
    """
    there = sorted(os.sched_getaffinity(0))
    _, output = jobs.score(script, worker_cpus=1, mini_batch_size=1, items=20)
    assert set(output.split()) == {f"{core}:1" for core in there[:2]}
    _, output = jobs.score(script, name="other", worker_cpus=len(there), mini_batch_size=1, items=2)
    assert set(output.split()) == {",".join(map(str, there)) + f":{len(there)}"}


def test_progress_says_what_each_worker_holds(jobs: Jobs) -> None:
    script = "import time\nKEPT = bytearray(b'x' * 50_000_000)\ndef run(mini_batch): time.sleep(0.4); return mini_batch"
    jobs.score(script, mini_batch_size=10)
    held = [event.memory_of for event in jobs.of(Progress) if len(event.memory_of) == 2]
    assert {name for name, _ in held[-1]} == {"process000", "process001"}
    assert all(50_000_000 < size < 500_000_000 for _, size in held[-1])


@pytest.mark.parametrize(
    ("written", "size"),
    [("2GB", 2 * 10**9), ("512MiB", 2**29), ("1.5 Gi", 3 * 2**29), ("300000", 300_000), ("unlimited", None)],
)
def test_memory_is_written_as_people_write_it(written: str, size: int | None) -> None:
    assert Settings(worker_memory=written).worker_bytes == size


@pytest.mark.parametrize("written", ["", "2 pigs", "-1GB", "GB"])
def test_what_is_no_amount_of_memory_is_refused(written: str) -> None:
    with pytest.raises(Invalid, match="worker_memory"):
        Settings(worker_memory=written)
