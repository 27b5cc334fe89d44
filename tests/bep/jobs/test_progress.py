"""Progress of a job: one line that is drawn over on a terminal, lines in a log, objects for a machine."""

import codecs
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyte
import pytest

from bep.commands.jobs.progress import PLAIN_PERIOD, Troubles, live_line, plain_line, transfer_line
from bep.commands.jobs.running import JobTeller
from bep.commands.jobs.worker_lines import worker_lines
from bep.commands.plans.transfers import Transfers
from bep.console import Console
from bep.planner.plan import Action, Change
from bep.providers.applying.events import Transferring as ChangeTransferring
from bep.runner.events import MiniBatchFailed, Progress, Transferring, WorkerLost, WorkerState
from bep.schemas.address import Address
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


def transferring(number: int, there: int) -> ChangeTransferring:
    change = Change(id=str(number), address=Address(f"model/m{number}/1"), action=Action.CREATE)
    return ChangeTransferring(change, there, 2_000_000_000)


def test_bytes_of_changes_are_drawn_over_and_in_a_log_told_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    transfers = Transfers(Console(), clock=lambda: now[0])
    for now[0] in (1.0, PLAIN_PERIOD, PLAIN_PERIOD + 1, PLAIN_PERIOD + 2):
        transfers.show(transferring(1, 120_000_000))
        transfers.show(transferring(2, 2_000_000_000))
    assert capsys.readouterr().err == "  model/m1/1: 120 MB of 2.0 GB transferred, 6%\n"

    drawn = list[tuple[str, ...]]()
    monkeypatch.setattr(Console, "live_possible", True)
    monkeypatch.setattr(Console, "live", lambda self, *lines: drawn.append(lines))
    for number, there in ((1, 500_000_000), (2, 0), (2, 2_000_000_000)):
        transfers.show(transferring(number, there))
    transfers.over("1")
    transfers.draw()
    half, none = "  model/m1/1: 500 MB of 2.0 GB transferred, 25%", "  model/m2/1: 0 MB of 2.0 GB transferred, 0%"
    assert drawn == [(half,), (half, none), (half,)]


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


@dataclass
class Terminal:
    """A terminal with a job in it: every screen that a person could have seen, and what was left at the end."""

    columns: int
    rows: int = 24
    narrowed_to: int | None = None
    interrupts: bool = False
    screens: list[list[str]] = field(default_factory=list)
    said: str = ""

    def run(self, slow: Workspace, *more: str, expect: int = 0, **environment: str) -> list[str]:
        """The lines that are there when the command has ended."""
        screen = pyte.HistoryScreen(self.columns, self.rows, history=1000)
        stream = pyte.Stream(screen)
        terminal, theirs = pty.openpty()
        _resize(theirs, self.rows, self.columns)
        process = subprocess.Popen(
            [sys.executable, "-m", "bep", *ARGUMENTS, *more], cwd=slow.folder, stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True,
            env={**surroundings(), "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment},
        )  # fmt: skip
        os.close(theirs)
        decoder = codecs.getincrementaldecoder("utf-8")()
        for more_said in _read(terminal):
            text = decoder.decode(more_said)
            self.said += text
            stream.feed(text)
            self.screens.append([line.rstrip() for line in screen.display])
            if self.narrowed_to and any("process001" in line for line in screen.display):
                _resize(terminal, self.rows, self.narrowed_to)
                screen.resize(self.rows, self.narrowed_to)
                self.narrowed_to = None
            if self.interrupts and any("process001" in line for line in screen.display):
                process.send_signal(signal.SIGINT)
                self.interrupts = False
        os.close(terminal)
        assert process.wait(20) == expect
        above = ["".join(line[n].data for n in range(self.columns)).rstrip() for line in screen.history.top]
        return [line for line in (*above, *self.screens[-1]) if line]

    def drawn(self, text: str) -> list[list[str]]:
        """The screens with this on them."""
        return [screen for screen in self.screens if any(text in line for line in screen)]


def _resize(terminal: int, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the last process has closed it
            return
        if not more:
            return
        yield more


def bars(screen: list[str]) -> list[str]:
    return [line for line in screen if "█" in line or "░" in line]


def workers_on(screen: list[str]) -> list[str]:
    return [line for line in screen if line.startswith("  process")]


def assert_only_talk_is_left(left: list[str]) -> None:
    assert bars(left) == workers_on(left) == []
    assert any("ValueError: no c" in line for line in left)
    assert any("Completed: 4 scored, 1 failed" in line for line in left)
    assert sum("job " in line and "5 files with" in line for line in left) == 1


def test_a_terminal_sees_a_bar_and_workers_drawn_over(slow: Workspace) -> None:
    terminal = Terminal(columns=100)
    left = terminal.run(slow)
    assert_only_talk_is_left(left)
    assert len(terminal.drawn("/5")) >= 2
    for screen in terminal.screens:
        assert len(bars(screen)) <= 1
        assert len(workers_on(screen)) in (0, 1, 2)
        if bars(screen) and workers_on(screen):
            below = screen.index(bars(screen)[0]) + 1
            assert screen[below : below + len(workers_on(screen))] == workers_on(screen)
    assert any(
        re.search(r"process001 +scoring .* mini-batch \d", line) for s in terminal.screens for line in workers_on(s)
    )


def test_what_is_drawn_never_folds_and_leaves_nothing_in_a_narrow_terminal(slow: Workspace) -> None:
    terminal = Terminal(columns=64)
    left = terminal.run(slow, "--name", "narrow")
    assert bars(left) == workers_on(left) == []
    drawn = [line for screen in terminal.screens for line in (*bars(screen), *workers_on(screen))]
    assert len(drawn) > 2
    assert all(len(line) < 64 for line in drawn)


def test_a_terminal_that_becomes_narrower_is_followed(slow: Workspace) -> None:
    terminal = Terminal(columns=100, narrowed_to=44)
    left = terminal.run(slow, "--name", "x")
    assert terminal.narrowed_to is None
    assert bars(left) == workers_on(left) == []
    assert all(len(bars(screen)) <= 1 for screen in terminal.screens)


def test_what_ctrl_c_says_is_not_drawn_over(slow: Workspace) -> None:
    left = Terminal(columns=100, interrupts=True).run(slow, "--name", "stopped", expect=130)
    assert "interrupted: cancelling the job; what is scored is kept; once more ends bep at once" in left
    assert bars(left) == workers_on(left) == []
    assert any(line.startswith("next: bep job resume stopped ") for line in left)


SIGNALLED = """
import signal
from bep.commands.plans.transfers import Transfers
from bep.console import Console
from bep.planner.plan import Action, Change
from bep.providers.applying.events import Transferring as ChangeTransferring
console, count = Console(), 0
def interrupted(*_):
    global count
    count += 1
    console.interject(f"interrupted {count}")
    if count < 300:
        signal.setitimer(signal.ITIMER_REAL, 0.0005)
signal.signal(signal.SIGALRM, interrupted)
signal.setitimer(signal.ITIMER_REAL, 0.0005)
for number in range(100_000):
    console.live(f"bar {number}", f"  process000 {number}")
    if number % 7 == 0:
        console.say(f"said {number}")
    if count >= 300:
        break
console.say("over")
"""


def test_a_signal_at_any_moment_of_a_drawing_is_told_whole_and_stays() -> None:
    screen = pyte.HistoryScreen(80, 30, history=100_000)
    stream = pyte.Stream(screen)
    terminal, theirs = pty.openpty()
    _resize(theirs, 30, 80)
    environment = {**surroundings(), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONUNBUFFERED", None)  # with it Python itself drops what a signal cuts off a write
    process = subprocess.Popen(
        [sys.executable, "-c", SIGNALLED], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    for said in _read(terminal):
        stream.feed(said.decode())
    os.close(terminal)
    assert process.wait(20) == 0
    above = ["".join(line[n].data for n in range(80)).rstrip() for line in screen.history.top]
    left = [line for line in (*above, *(line.rstrip() for line in screen.display)) if line]
    told = [line for line in left if line.startswith("interrupted")]
    assert told == [f"interrupted {number}" for number in range(1, 301)]
    assert {line.split()[0] for line in left} == {"interrupted", "said", "over"}


def test_a_low_terminal_and_a_lone_worker_have_the_bar_alone(slow: Workspace) -> None:
    low = Terminal(columns=100, rows=5)
    low.run(slow)
    lone = Terminal(columns=100)
    lone.run(slow, "--instance-count", "1")
    for terminal in (low, lone):
        assert terminal.drawn("/5")
        assert not any(workers_on(screen) for screen in terminal.screens)


def test_a_terminal_without_a_cursor_or_colour_gets_what_it_can_show(slow: Workspace) -> None:
    plain, dumb = Terminal(columns=100), Terminal(columns=100)
    plain.run(slow, NO_COLOR="1")
    assert "\x1b[3" not in plain.said
    assert "process001" in plain.said  # not on a screen: a busy reader may get it with what clears it again
    dumb.run(slow, TERM="dumb")
    assert "\x1b" not in dumb.said


def worker(number: int, state: str = "scoring", seconds: float = 0.2) -> WorkerState:
    item = None if state in ("preparing", "waiting") else number * 1000
    return WorkerState(f"process{number:03d}", "node0", state, seconds, item, (80 + number) * 1_000_000)


CREWS = {
    "two": (worker(0), worker(1, "preparing", 75)),
    "eight": tuple(worker(number, seconds=number / 2) for number in range(8)),
    "many": tuple(
        worker(n, state, seconds)
        for n, (state, seconds) in enumerate(
            [("scoring", 0.1)] * 10
            + [("preparing", 9.0)]
            + [("waiting", 50.0)] * 4
            + [("ending", 0.1), ("scoring", 700)]
        )
    ),
}


def test_worker_lines_read_well(golden: Callable[[str, str], None]) -> None:
    lines = [
        f"{name}, {width} columns, {rows} rows\n" + "\n".join(worker_lines(shown, 10, width, rows))
        for name, shown in CREWS.items()
        for width, rows in ((100, 24), (50, 24), (30, 8))
    ]
    golden("bep/worker_lines.txt", "\n\n".join(lines) + "\n")


@pytest.mark.parametrize("shown", CREWS.values(), ids=CREWS)
def test_worker_lines_always_fit(shown: tuple[WorkerState, ...]) -> None:
    for width in range(1, 130):
        for rows in range(1, 30):
            lines = worker_lines(shown, 10, width, rows)
            assert len(lines) <= min(8, max(0, rows - 4))
            assert all(len(line) < width for line in lines)
    assert worker_lines(shown[:1], 10, 100, 24) == []


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
