"""Scripts that hang, die, fork, close and flood: each costs its own mini-batch, and no process is left."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from bep.runner.events import WorkerLost

Jobs = Any
Living = Callable[[], list[int]]

BAD = """
    import os, signal, sys, time, threading, subprocess

    def hurt():
        {fault}

    def run(mini_batch):
        for path in mini_batch:
            if path.endswith("00013.txt"):
                hurt()
        return [open(path).read() for path in mini_batch]
"""


def bad(fault: str) -> str:
    return BAD.replace("{fault}", fault)


@pytest.mark.parametrize(
    "fault",
    [
        "while True: pass",
        "time.sleep(10**6)",
        "[signal.signal(s, signal.SIG_IGN) for s in (2, 6, 14, 15)]; time.sleep(10**6)",
        "subprocess.Popen(['sleep', '1000']); time.sleep(10**6)",
        "os.fork(); time.sleep(10**6)",
    ],
)
def test_a_call_that_never_returns_is_ended_at_its_timeout(jobs: Jobs, living: Living, fault: str) -> None:
    record, output = jobs.score(bad(fault), timeout=0.25, max_retries=1, mini_batch_size=4)
    assert record.status == "Completed"
    assert output.split() == [str(n) for n in range(40) if n != 13]
    assert (record.counts.failed, record.counts.workers_lost) == (1, 4)  # 4 items twice, then 1
    failure = record.failures[0]
    assert (failure.code, failure.message) == ("Timeout", "run() did not return within 0.25 seconds")
    if "SIG_IGN" not in fault:
        assert "score.py" in failure.traceback
        assert "in hurt" in failure.traceback
    assert living() == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("os._exit(0)", "WorkerExited"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "WorkerKilled"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "WorkerCrashed"),
        ("os.closerange(3, 4096); time.sleep(0.2)", "ChannelClosed"),
    ],
)
def test_a_process_that_ends_itself_costs_its_own_mini_batch(jobs: Jobs, living: Living, fault: str, kind: str) -> None:
    record, output = jobs.score(bad(fault), max_retries=1)
    assert record.status == "Completed"
    assert output.split() == [str(n) for n in range(40) if n != 13]
    assert record.counts.failed == 1
    assert record.failures[0].code == kind
    assert len(jobs.of(WorkerLost)) == record.counts.workers_lost == 4  # the mini-batch twice, then the item
    assert living() == []


def test_files_that_the_script_closes_are_opened_again_and_never_mixed_up(jobs: Jobs) -> None:
    script = """
        import os
        KEPT = []
        def run(mini_batch):
            here = os.path.dirname(os.environ["AZUREML_BI_OUTPUT_PATH"])
            for name in os.listdir("/proc/self/fd"):
                try:
                    if os.readlink("/proc/self/fd/" + name).endswith((".rows", ".journal")):
                        os.close(int(name))
                        KEPT.append(open("own-%s-%s.txt" % (os.getpid(), name), "w"))
                except OSError:
                    pass
            return [open(path).read() for path in mini_batch]
        def shutdown():
            for file in KEPT:
                assert os.fstat(file.fileno()).st_size == 0, "rows in the script's own file"
    """
    record, output = jobs.score(script)
    assert (record.status, record.warnings) == ("Completed", ())
    assert output.split() == [str(n) for n in range(40)]


@pytest.mark.parametrize("how", ["os.fork()", "os.fork() or time.sleep(30)", "if os.fork() == 0: raise ValueError"])
def test_a_fork_that_comes_back_from_the_script_scores_nothing(jobs: Jobs, living: Living, how: str) -> None:
    record, output = jobs.score(bad(how))
    assert (record.status, record.counts.failed, record.counts.retries) == ("Completed", 0, 0)
    assert output.split() == [str(n) for n in range(40)]
    assert living() == []


def test_a_flood_of_lines_does_not_stop_a_job(jobs: Jobs) -> None:
    script = """
        def run(mini_batch):
            for _ in range(10):
                print("x" * 1048576)
            return mini_batch
    """
    record, output = jobs.score(script, items=40)
    assert (record.status, len(output.splitlines())) == ("Completed", 40)
    logs = record.folder / "logs/user/stdout"
    assert sum(path.stat().st_size for path in logs.rglob("*.txt")) == 4 * 10 * 1048577


def test_a_million_rows_from_one_call(jobs: Jobs) -> None:
    record, output = jobs.score("def run(mini_batch): return range(0)or list(range(10**6))", items=1)
    assert (record.status, record.counts.scored, record.counts.rows) == ("Completed", 1, 10**6)
    assert output.endswith("\n999999\n")


def test_a_script_with_its_own_process_pool(jobs: Jobs, living: Living) -> None:
    script = """
        import multiprocessing

        def square(n): return n * n

        def run(mini_batch):
            with multiprocessing.get_context("{how}").Pool(2) as pool:
                return pool.map(square, [int(open(path).read()) for path in mini_batch])
    """
    for how in ("fork", "spawn"):
        record, output = jobs.score(script.replace("{how}", how), name=how, items=20, workers=1)
        assert record.status == "Completed", record.failures
        assert output.split() == [str(n * n) for n in range(20)]
    assert living() == []


def test_a_slow_mini_batch_holds_up_no_other(jobs: Jobs) -> None:
    script = """
        import os, time
        def run(mini_batch):
            time.sleep(1.2 if mini_batch[0].endswith("00100.txt") else 0.0002)
            return [os.getpid()] * len(mini_batch)
    """
    record, output = jobs.score(script, items=300, mini_batch_size=1)
    processes = output.split()
    slow = processes[100]
    assert record.status == "Completed"
    assert slow not in processes[-50:]


def test_cancel_ends_everything_and_publishes_nothing(jobs: Jobs, living: Living) -> None:
    cancel = threading.Event()
    script = "import time\ndef run(mini_batch):\n    time.sleep(0.02)\n    return mini_batch"
    request = jobs.request(script, items=150, mini_batch_size=1)
    threading.Timer(0.5, cancel.set).start()
    record = jobs.run(request, cancel)
    assert record.status == "Canceled"
    assert 0 < record.counts.scored < 150
    assert list(request.output_folder.iterdir()) == []
    assert living() == []
    resumed = jobs.resume(request)
    assert (resumed.status, resumed.counts.scored, resumed.runs) == ("Completed", 150, 2)
    assert len(resumed.output_file.read_text().splitlines()) == 150


def test_init_that_raises_fails_the_job_with_its_own_traceback(jobs: Jobs, living: Living) -> None:
    script = """
        def load(): raise FileNotFoundError("no weights here")
        def init(): load()
        def run(mini_batch): return mini_batch
    """
    record, _ = jobs.score(script)
    assert (record.status, record.error.code) == ("Failed", "InitFailed")
    assert record.error.message == "FileNotFoundError: no weights here"
    assert [line.split()[-1] for line in record.error.traceback.splitlines() if "score.py" in line] == ["init", "load"]
    assert record.counts.scored == 0
    assert living() == []


@pytest.mark.parametrize("hang", ["time.sleep(10**6)", "while True: pass"])
def test_init_that_hangs_fails_the_job_and_says_where(jobs: Jobs, living: Living, hang: str) -> None:
    script = f"import time\ndef init():\n    {hang}\ndef run(mini_batch): return mini_batch"
    record, _ = jobs.score(script, init_timeout=0.5)
    assert (record.status, record.error.code) == ("Failed", "InitTimeout")
    assert record.error.message == "init() did not return within 0.5 seconds"
    assert "in init" in record.error.traceback
    assert living() == []


def test_init_that_ends_the_process_fails_the_job_after_a_few_tries(jobs: Jobs) -> None:
    record, _ = jobs.score("import os\ndef init(): os._exit(9)\ndef run(mini_batch): return mini_batch")
    assert (record.status, record.error.code) == ("Failed", "WorkerExited")
    assert "exit code 9" in record.error.message
    assert "before init() returned" in record.error.message


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("def run(mini_batch) return 1", "InitFailed", "SyntaxError"),
        ("import no_such_module\ndef run(mini_batch): return 1", "InitFailed", "No module named 'no_such_module'"),
        ("def score(mini_batch): return 1", "ScriptInvalid", "does not define run(mini_batch)"),
    ],
)
def test_a_script_that_cannot_be_used_fails_the_job_at_once(jobs: Jobs, script: str, code: str, told: str) -> None:
    record, _ = jobs.score(script)
    assert (record.status, record.error.code) == ("Failed", code)
    assert told in record.error.message
    assert "/runner/worker/" not in record.error.traceback


def test_a_missing_script_and_a_missing_interpreter_are_said_plainly(jobs: Jobs) -> None:
    request = jobs.request(None)
    record = jobs.run(request)
    assert record.error is not None
    assert record.error.message == f"the scoring script {jobs.root}/code/score.py does not exist"
    request = jobs.request(name="other", interpreter="/no/such/python")
    record = jobs.run(request)
    assert record.error is not None
    assert (record.error.code, "/no/such/python" in record.error.message) == ("InterpreterMissing", True)


def test_shutdown_that_hangs_is_ended_and_costs_nothing(jobs: Jobs, living: Living) -> None:
    script = "import time\ndef run(mini_batch): return mini_batch\ndef shutdown(): time.sleep(10**6)"
    began = time.monotonic()
    record, output = jobs.score(script, timeout=0.3, workers=1)
    assert time.monotonic() - began < 20
    assert (record.status, len(output.splitlines())) == ("Completed", 40)
    assert record.warnings == ("shutdown() did not return within 0.3 seconds while shutting down (process000)",)
    assert living() == []
