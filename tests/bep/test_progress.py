"""Progress of a job: one line that is drawn over on a terminal, lines in a log, objects for a machine."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

from bep.commands.progress import Troubles, live_line, plain_line, transfer_line
from bep.commands.running_jobs import PLAIN_PERIOD, JobTeller
from bep.console import Console
from bep.runner.events import MiniBatchFailed, Progress, Transferring, WorkerLost
from tests.bep.conftest import Workspace, surroundings

HALFWAY = Progress(
    items=20_000, scored=9_997, failed=3, items_per_second=410.4, elapsed=24.0, eta=24.4, workers_ready=4, workers=4,
    retries=7, workers_lost=1, memory=812_000_000,
)  # fmt: skip
STARTING = Progress(
    items=40, scored=0, failed=0, items_per_second=0.0, elapsed=7.2, eta=None, workers_ready=0, workers=2, retries=0,
    workers_lost=0,
)  # fmt: skip
SLOW = """
import time

def run(mini_batch):
    time.sleep(0.3)
    if any(path.endswith("c.txt") for path in mini_batch):
        raise ValueError("no c")
    return [path for path in mini_batch]
"""


FETCHING = Transferring("fetching inputs", 3, 20, 120_400_000, 2_300_000_000, 41.3)


def test_files_on_their_way_are_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    line = "fetching inputs: 3 of 20 files, 120 MB of 2.3 GB, 41 s"
    assert transfer_line(FETCHING) == line
    assert transfer_line(Transferring("uploading the output", 0, 1, 2_000_000, None, 1.0)) == (
        "uploading the output: 0 of 1 file, 2 MB, 1 s"
    )
    now = [0.0]
    teller = JobTeller(Console(), json_output=False, clock=lambda: now[0])
    for now[0] in (1.0, PLAIN_PERIOD, PLAIN_PERIOD + 1, 2 * PLAIN_PERIOD):
        teller.tell(FETCHING)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{line}\n" * 2)
    JobTeller(Console(), json_output=True).tell(FETCHING)
    told = json.loads(capsys.readouterr().out)
    assert (told["type"], told["files"], told["of_bytes"]) == ("transferring", 3, 2_300_000_000)


def test_lines_read_well(golden: Callable[[str, str], None]) -> None:
    lines = [live_line(p, width, fancy=False) for width in (120, 100, 80, 60, 40) for p in (HALFWAY, STARTING)]
    golden("bep/progress.txt", "\n".join([*lines, plain_line(HALFWAY), plain_line(STARTING)]) + "\n")


@pytest.mark.parametrize("progress", [HALFWAY, STARTING])
def test_a_line_always_fits(progress: Progress) -> None:
    for width in range(1, 200):
        for fancy in (True, False):
            assert len(live_line(progress, width, fancy=fancy)) < max(width, 1)


def test_a_thousand_failures_alike_are_told_twice() -> None:
    troubles = Troubles()
    failures = [
        MiniBatchFailed(number, ("f",), 1, True, "ValueError", f"bad header in {number}", "", "")
        for number in range(1000)
    ]
    assert sum(map(troubles.is_worth_telling, failures)) == 2
    assert troubles.is_worth_telling(WorkerLost("process001", "it was killed"))
    assert troubles.is_worth_telling(HALFWAY)


def test_a_thousand_different_failures_are_told_twenty_times() -> None:
    troubles = Troubles()
    failures = [MiniBatchFailed(n, ("f",), 1, True, "ValueError", "x" * n, "", "") for n in range(1000)]
    assert sum(map(troubles.is_worth_telling, failures)) == 20


@pytest.fixture
def slow(workspace: Workspace) -> Workspace:
    (workspace.folder / "code/score.py").write_text(SLOW)
    workspace.bep("apply", "--auto-approve")
    return workspace


ARGUMENTS = ("run", "job.yml", "-m", "1", "--set", "retry_settings.max_retries=0")


def test_a_terminal_sees_one_line_drawn_over(slow: Workspace) -> None:
    said = _on_a_terminal(slow, columns=64)
    drawn = re.findall(r"\r\x1b\[K(\[[^\r\n]*)", said)
    assert len(drawn) >= 2
    assert all(len(line) < 64 for line in drawn)
    assert any("4/5" in line or "3/5" in line or "2/5" in line for line in drawn)
    assert any("█" in line for line in drawn)
    left = [line.rpartition("\r\x1b[K")[2] for line in said.split("\n")]
    assert not any("░" in line or "█" in line for line in left)  # what stays is talk and the result
    assert any("ValueError: no c" in line for line in left)
    assert any("Completed: 4 scored, 1 failed" in line for line in left)


def _on_a_terminal(slow: Workspace, columns: int) -> str:
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", *ARGUMENTS], cwd=slow.folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**surroundings(), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the last process has closed it
            break
        if not more:
            break
        said += more
    os.close(terminal)
    assert process.wait(20) == 0
    return said.decode().replace("\r\n", "\n")


def test_a_pipe_sees_plain_lines(slow: Workspace) -> None:
    done = slow.bep(*ARGUMENTS)
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr
    assert "█" not in done.stderr


def test_a_machine_sees_objects_with_memory(slow: Workspace) -> None:
    lines = [json.loads(line) for line in slow.bep(*ARGUMENTS, "--json").stdout.splitlines()]
    progress = [line for line in lines if line["type"] == "progress"]
    assert progress[-1]["scored"] == 4
    assert any((line["memory"] or 0) > 1_000_000 for line in progress)
