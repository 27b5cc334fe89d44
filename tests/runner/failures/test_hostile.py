"""Scripts that break their own process, or the runner's trust in it: the items that do it fail, alone and named."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bep.runner.events import Event, Progress
from bep.runner.folder import record as records
from bep.runner.jobs import running
from tests.runner.conftest import RUNNER

Jobs = Any
Living = Callable[[], list[int]]

BAD = """
    import builtins, json, os, subprocess, sys, time

    class Hangs(Exception):
        def __str__(self): time.sleep(1000)

    class Ends(Exception):
        def __str__(self): os._exit(3)

    class Text(str):
        def __len__(self): raise ValueError

    class Odd(Exception):
        def __str__(self): return Text("odd")

    class Nameless(type):
        __name__ = 3

    class Unnamed(Exception, metaclass=Nameless):
        pass

    class Closed:
        def write(self, text): raise ValueError("closed")
        flush = None

    def files(ending):
        for number in range(3, 64):
            try:
                if os.readlink("/proc/self/fd/%d" % number).endswith(ending):
                    yield number
            except OSError:
                pass

    def leak():
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))  # the usual thousands take long on a busy machine
        kept = []
        while True: kept.append(open("/dev/null"))

    def hurt():
        {fault}

    def run(mini_batch):
        for path in mini_batch:
            if path.endswith("00013.txt"):
                hurt()
        return [open(path).read() for path in mini_batch]
"""


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("raise Hangs", "Timeout"),
        ("raise Ends", "WorkerExited"),
        ("raise Odd", "Odd"),
        ("raise Unnamed", "Unnamed"),
        ("sys.stdout = sys.stderr = Closed(); raise KeyError(1)", "KeyError"),
        ("leak()", "WorkerSpeechless"),
        ("json.dumps = None; raise KeyError(1)", "WorkerSpeechless"),
        ("builtins.len = None", "WorkerSpeechless"),
        ("[os.write(number, b'mine') for number in files('.rows')]", "FilesMeddled"),
        ("[os.write(number, b'mine') for number in files('.journal')]", "FilesMeddled"),
        ("[os.set_blocking(number, False) or os.write(number, b'mine' * 9) for number in files(']')]", None),
    ],
)
def test_what_breaks_its_process_costs_only_the_item_that_does_it(
    jobs: Jobs, living: Living, fault: str, kind: str | None
) -> None:
    record, output = jobs.score(BAD.replace("{fault}", fault), timeout=1, max_retries=1, mini_batch_size=4)
    assert record.status == "Completed", record.error
    assert output.split() == [str(n) for n in range(40) if n != 13]
    assert (record.counts.scored, record.counts.failed) == (39, 1)
    assert record.failures[0].files[0].endswith("00013.txt")
    assert kind in (None, record.failures[0].code)
    assert living() == []


def test_no_script_can_cut_off_or_write_over_the_memory_that_it_shares_with_the_runner(jobs: Jobs) -> None:
    script = """
        import os
        def run(mini_batch):
            for number in range(3, 64):
                try:
                    shared = "memfd" in os.readlink("/proc/self/fd/%d" % number)
                except OSError:
                    continue
                for meddle in (lambda: os.write(number, b"x" * 64), lambda: os.ftruncate(number, 0)):
                    try:
                        shared and meddle()
                    except OSError:
                        pass
            return [open(path).read() for path in mini_batch]
    """
    record, output = jobs.score(script)
    assert (record.status, output.split()) == ("Completed", [str(n) for n in range(40)])


def test_a_worker_that_does_nothing_between_two_calls_is_replaced(jobs: Jobs, living: Living) -> None:
    script = """
        import os, sys, time
        class Stuck:
            def write(self, text): pass
            def flush(self):
                once = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/stuck"
                if not os.path.exists(once):
                    open(once, "w").close()
                    time.sleep(1000)
        def run(mini_batch):
            sys.stdout = Stuck()
            return mini_batch[1:]
    """
    record, output = jobs.score(script, workers=1, items=10, mini_batch_size=5, init_timeout=1)
    assert (record.status, record.counts.scored, record.counts.workers_lost) == ("Completed", 8, 1)
    assert len(output.split()) == 8
    assert "the process did nothing for 1 seconds" in (record.folder / "logs/job_error.txt").read_text()
    assert living() == []


STRAYS = {
    "child": "subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "daemon": """
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)""",
}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("then", ["pass", "time.sleep(1000)", "os._exit(1)"])
@pytest.mark.parametrize("stray", STRAYS)
def test_nothing_that_left_its_process_group_outlives_the_job(
    jobs: Jobs, living: Living, stray: str, then: str
) -> None:
    script = f"""
        import os, subprocess, time
        def run(mini_batch):
            {STRAYS[stray]}
            {then}
            return mini_batch
    """
    record, _ = jobs.score(script, items=2, mini_batch_size=1, max_retries=0, timeout=0.5)
    assert record.counts.scored == (2 if then == "pass" else 0)
    assert living() == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_what_outlived_a_killed_runner_is_ended_when_its_job_goes_on(
    jobs: Jobs, living: Living, tmp_path: Path
) -> None:
    script = f"""
        import os, subprocess, time
        def run(mini_batch):
            marker = os.environ["AZUREML_BI_OUTPUT_PATH"] + "/daemon"
            if not os.path.exists(marker):
                {STRAYS["daemon"].strip().replace(chr(10), chr(10) + "    ")}
                open(marker, "w").close()
                time.sleep(1000)
            return [open(path).read() for path in mini_batch]
    """
    request = jobs.request(script, workers=1, timeout=1000)
    file = tmp_path / "request.json"
    file.write_text(request.model_dump_json())
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], stdout=subprocess.DEVNULL)
    while not (request.output_folder / "daemon").exists():
        time.sleep(0.01)
    runner.kill()
    runner.wait()
    record = jobs.resume(request)
    assert (record.status, record.output_file.read_text().split()) == ("Completed", [str(n) for n in range(40)])
    assert living() == []


@pytest.mark.parametrize("error", [OSError(5, "the terminal has gone"), ZeroDivisionError("a bug of the face")])
def test_a_listener_that_raises_ends_no_job(jobs: Jobs, error: Exception) -> None:
    request = jobs.request("import time\ndef run(mini_batch): time.sleep(0.1); return mini_batch")
    told: list[Event] = []

    def report(event: Event) -> None:
        told.append(event)
        if isinstance(event, Progress):
            raise error

    with pytest.raises(type(error)) as raised:
        running.run(request, report=report, cancel=threading.Event())
    assert raised.value is error
    record = records.load(request.folder)
    assert (record.status, record.counts.scored, record.error) == ("Completed", 40, None)
    assert [type(event).__name__ for event in told][-1] == "Progress"


def test_rows_that_something_took_out_of_the_journals_are_missed(jobs: Jobs) -> None:
    script = """
        import os
        def run(mini_batch):
            return [open(path).read() for path in mini_batch]
        def shutdown():
            parts = os.path.dirname(os.path.dirname(os.environ["AZUREML_BI_OUTPUT_PATH"])) + "/jobs/job/parts/"
            if not os.path.exists(parts + "../once"):
                open(parts + "../once", "w").close()
                for name in os.listdir(parts):
                    if name.endswith(".journal"):
                        os.truncate(parts + name, 0)
    """
    request = jobs.request(script, workers=1)
    record = jobs.run(request)
    assert (record.status, record.error.code) == ("Failed", "RowsMissing")
    assert list(request.output_folder.iterdir()) == []
    assert jobs.resume(request).output_file.read_text().split() == [str(n) for n in range(40)]
