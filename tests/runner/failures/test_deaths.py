"""What workers die of, and what is said of it: each with a real process."""

import _thread
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bep.runner.events import Event, Progress, WorkerLost
from bep.runner.folder import leftover_processes, parts
from bep.runner.folder.record import Status
from bep.runner.jobs import running
from bep.runner.outputs import assembling
from bep.runner.outputs.columns import Columns
from bep.runner.worker import wire
from tests.runner.conftest import RUNNER, output_of, processes_with

Jobs = Any
Living = Callable[[], list[int]]


@contextmanager
def few_files(more: int) -> Iterator[None]:
    """So many more files than are open may be opened."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + more, before[1]))  # noqa: PTH208
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_more_parts_than_files_may_be_open_are_put_together(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(300):
        files = parts.path(folder, number)
        files.with_suffix(".rows").write_bytes(b"%d\n" % number)
        record = wire.record(299 - number, 1, 1, 0, 0, b"%d\n" % number, 0, 0, 1)
        files.with_suffix(".journal").write_bytes(record)
    with few_files(80):
        assembling.assemble(parts.in_order(folder), folder, tmp_path / "whole", Columns())
    assert (tmp_path / "whole").read_text().split() == [str(299 - item) for item in range(300)]


def test_a_journal_without_its_rows_counts_for_nothing(jobs: Jobs) -> None:
    script = """
        import os

        def run(mini_batch):
            taken = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/predictions.csv"
            if not os.path.exists("../../taken"):
                open(taken, "w").close()
                open("../../taken", "w").close()
            return [open(path).read() for path in mini_batch]
    """
    request = jobs.request(script, items=20, workers=1)
    record = jobs.run(request)
    assert record.error is not None
    assert record.error.code == "OutputExists"
    (request.output_folder / "predictions.csv").unlink()
    for rows in (request.folder / "parts").glob("*.rows"):
        rows.unlink()
    resumed = jobs.resume(request)
    assert resumed.status is Status.COMPLETED
    assert output_of(resumed).split() == [str(item) for item in range(20)]


def test_no_worker_is_left_when_not_all_can_be_started(jobs: Jobs, living: Living) -> None:
    request = jobs.request("def run(mini_batch): return mini_batch", items=400, mini_batch_size=1, workers=64)
    with few_files(60):
        record = jobs.run(request)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert "Too many open files" in record.error.message
    assert living() == []
    assert jobs.resume(request).status is Status.COMPLETED


@pytest.mark.parametrize("clock", ["lambda: 1e30", "lambda: float('nan')", "None"])
def test_a_script_may_put_its_own_clock_in_the_place_of_the_systems(jobs: Jobs, clock: str) -> None:
    script = f"""
        import time

        def run(mini_batch):
            time.monotonic = time.time = {clock}
            return [open(path).read() for path in mini_batch]
    """
    record, said = jobs.score(script, items=40, mini_batch_size=4)
    assert record.status is Status.COMPLETED, record.error
    assert said.split() == [str(item) for item in range(40)]


def test_a_refused_mini_batch_leaves_no_header(jobs: Jobs) -> None:
    script = """
        def run(mini_batch):
            return [{"a": 1, "b": 2} if path.endswith("00001.txt") else {"a": 1} for path in mini_batch]
    """
    record, said = jobs.score(script, items=40, mini_batch_size=4, workers=1, output_format="csv")
    assert (record.counts.scored, record.counts.failed) == (39, 1)
    assert said.split() == ["a"] + ["1"] * 39


def test_the_last_words_of_an_init_that_worked_before_are_the_jobs_error(jobs: Jobs) -> None:
    script = """
        import os

        def init():
            try:
                os.close(os.open("../first", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                raise RuntimeError("no GPU left")

        def run(mini_batch):
            os._exit(1)
    """
    record, _ = jobs.score(script, items=4, workers=1, max_retries=100)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert record.error.code == "InitFailed"
    assert record.error.message.startswith("RuntimeError: no GPU left (before init() returned, ")
    assert 'raise RuntimeError("no GPU left")' in record.error.traceback
    assert "RuntimeError: no GPU left" in {event.reason for event in jobs.of(WorkerLost)}


def test_an_init_that_leaves_no_descriptor_free_is_told_so(jobs: Jobs) -> None:
    script = """
        import os, resource

        def init():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
            try:
                while True: os.open("/dev/null", os.O_RDONLY)
            except OSError:
                pass

        def run(mini_batch):
            return mini_batch
    """
    record, _ = jobs.score(script, items=4, workers=1)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert "Too many open files" in record.error.message or record.error.code == "WorkerSpeechless"
    assert "os._exit" not in record.error.message


def test_an_init_whose_exception_cannot_be_printed_is_told_so(jobs: Jobs) -> None:
    script = """
        import json

        def init():
            json.dumps = None
            raise KeyError(1)

        def run(mini_batch):
            return mini_batch
    """
    record, _ = jobs.score(script, items=4, workers=1)
    assert record.error is not None
    assert record.error.code == "WorkerSpeechless"


def test_a_signal_handler_that_raises_between_calls_is_not_a_full_disk(jobs: Jobs) -> None:
    script = """
        import signal, time

        def late(*_):
            raise TimeoutError("my own deadline")

        def init():
            signal.signal(signal.SIGALRM, late)

        def run(mini_batch):
            if mini_batch[0].endswith("00003.txt"):
                signal.setitimer(signal.ITIMER_REAL, 0.02)
            return mini_batch
    """
    record, said = jobs.score(script, items=8, mini_batch_size=1, workers=1, max_retries=0)
    assert record.status is Status.COMPLETED, record.error
    assert record.counts.failed <= 1
    assert len(said.split()) == record.counts.scored >= 7


def test_a_limit_on_the_size_of_files_is_named(jobs: Jobs) -> None:
    script = """
        import resource

        def run(mini_batch):
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            return ["x" * 100_000] * len(mini_batch)
    """
    record, _ = jobs.score(script, items=4)
    assert record.error is not None
    assert record.error.code == "WriteFailed"
    assert "ulimit -f" in record.error.fix


def test_a_pool_of_the_scripts_own_ends_with_its_worker(jobs: Jobs, living: Living) -> None:
    script = """
        from concurrent.futures import ProcessPoolExecutor

        POOL = ProcessPoolExecutor(1)

        def run(mini_batch):
            return list(POOL.map(str.upper, ["a"] * len(mini_batch)))
    """
    record, said = jobs.score(script, items=8, workers=2, mini_batch_size=2)
    assert said.split() == ["A"] * 8
    assert record.warnings == ()
    assert living() == []


def test_a_job_that_was_stopped_and_woken_blames_nobody(jobs: Jobs) -> None:
    slow = "import time\ndef run(mini_batch):\n    time.sleep(1.5)\n    return ['scored'] * len(mini_batch)\n"
    request = jobs.request(slow, items=4, mini_batch_size=1, timeout=3, max_retries=0)
    asked = jobs.root / "request.json"
    asked.write_text(request.model_dump_json())
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(asked)], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    assert runner.stdout.readline() == "JobStarted\n"
    time.sleep(0.7)
    all_of_it = [runner.pid, *processes_with(str(request.folder))]
    for sent in (signal.SIGSTOP, signal.SIGCONT):
        for process in all_of_it:
            os.kill(process, sent)
        time.sleep(4 if sent == signal.SIGSTOP else 0)
    told, _ = runner.communicate()
    assert "MiniBatchFailed" not in told
    assert (request.output_folder / "predictions.csv").read_text().split() == ["scored"] * 4


def test_what_the_dead_leave_is_looked_for_a_twentieth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    now = [100.0]

    def end(_: Path, workers: list[str]) -> None:
        looks.append(workers)
        now[0] += 0.05

    monkeypatch.setattr(leftover_processes, "end", end)
    monkeypatch.setattr(leftover_processes, "time", SimpleNamespace(monotonic=lambda: now[0]))
    sweep = leftover_processes.Sweep(tmp_path)
    for number in range(20):
        sweep.add(f"process{number}")
        sweep.look()
    assert looks == [["process0"]]
    now[0] += 1.01
    sweep.look()
    sweep.look()
    assert looks[1:] == [[f"process{number}" for number in range(1, 20)]]


def test_what_waits_behind_a_long_call_is_done_by_a_replacement(jobs: Jobs) -> None:
    script = """
        import os, time

        def is_first(name):
            try:
                os.close(os.open("../" + name, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return False
            return True

        def run(mini_batch):
            if is_first("long"):  # does not end until what waits behind it is done
                until = time.monotonic() + 60
                while not os.path.exists("../waited") and time.monotonic() < until:
                    time.sleep(0.01)
                return [os.path.exists("../waited")]
            if is_first("deadly"):
                os._exit(1)
            is_first("waited")
            return ["waited"]
    """
    record, said = jobs.score(script, items=3, mini_batch_size=1, workers=2, max_retries=0, timeout=100)
    assert sorted(said.split()) == ["True", "waited"]
    assert record.counts.failed == 1


def test_one_worker_with_all_of_the_little_work_is_left_alone_while_others_prepare(jobs: Jobs) -> None:
    script = """
        import os, time

        def init():
            if os.getcwd().endswith("1"):
                time.sleep(100)

        def run(mini_batch):
            time.sleep(100)
    """
    record, _ = jobs.score(script, items=2, mini_batch_size=1, workers=3, timeout=1, max_retries=0)
    assert [failure.code for failure in record.failures] == ["Timeout", "Timeout"]


def test_what_ends_the_runner_costs_no_call_an_attempt(jobs: Jobs, living: Living) -> None:
    request = jobs.request(
        "import time\ndef run(mini_batch):\n    time.sleep(0.3)\n    return ['scored'] * len(mini_batch)\n",
        items=20, mini_batch_size=1, workers=2, max_retries=0,
    )  # fmt: skip

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.scored:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        running.run(request, report=report, cancel=threading.Event())
    assert living() == []
    assert (request.folder / "journal").read_text() == ""
    resumed = jobs.resume(request)
    assert (resumed.counts.scored, resumed.counts.failed) == (20, 0)


def test_an_answer_that_lacks_something_costs_its_worker_only(jobs: Jobs) -> None:
    script = """
        import os, struct

        def run(mini_batch):
            if any(path.endswith("00013.txt") for path in mini_batch):
                for number in range(3, 30):
                    try:
                        os.write(number, struct.pack("<BI", 2, 2) + b"{}")
                    except OSError:
                        pass
            return [open(path).read() for path in mini_batch]
    """
    record, said = jobs.score(script, mini_batch_size=1, max_retries=0)
    assert record.status is Status.COMPLETED, record.error
    missing = set(map(str, range(40))) - set(said.split())
    assert len(missing) <= 2, "the worker may have begun one more before what it wrote was read"
    assert {failure.code for failure in record.failures} <= {"ChannelClosed", "FilesMeddled"}, "by where it wrote first"


@pytest.mark.parametrize("module", ["csv", "json", "traceback", "re"])
def test_a_module_of_the_scripts_with_the_name_of_the_librarys_takes_nothing_from_the_worker(
    jobs: Jobs, module: str
) -> None:
    script = """
        def run(mini_batch):
            if any(path.endswith("00013.txt") for path in mini_batch):
                raise ValueError("bad")
            return [open(path).read() for path in mini_batch]
    """
    record, said = jobs.score(script, modules={f"{module}.py": ""}, output_format="csv", mini_batch_size=1)
    assert said.split()[1:] == [str(item) for item in range(40) if item != 13]
    assert (record.failures[0].code, record.failures[0].message) == ("ValueError", "bad")


def test_json_lines_have_no_numbers_that_are_none(jobs: Jobs) -> None:
    script = """
        def run(mini_batch):
            return [{"a": [float("nan"), 1.5], "b": float("-inf"), "c": {"d": (float("inf"),)}}] * len(mini_batch)
    """
    _, said = jobs.score(script, items=1, output_format="jsonl")
    assert said == '{"a": [null, 1.5], "b": null, "c": {"d": [null]}}\n'


def test_an_innocent_item_behind_a_guilty_one_may_fail_once(jobs: Jobs) -> None:
    script = """
        import os

        def run(mini_batch):
            for path in mini_batch:
                if path.endswith("00003.txt"):
                    raise ValueError("always")
                if path.endswith("00004.txt") and not os.path.exists("../once"):
                    open("../once", "w").close()
                    raise ValueError("once")
            return [open(path).read() for path in mini_batch]
    """
    record, said = jobs.score(script, items=10, workers=1, max_retries=1)
    assert said.split() == [str(item) for item in range(10) if item != 3]
    assert record.counts.failed == 1
