"""Hostile bytes in specs, file names, arguments and what scripts say: no command lets a terminal obey them."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.cli import COMMANDS
from bep.planner.rendering.quoting import CONTROL
from bep.schemas.escaping import COLOUR, UNSAFE, escaped, in_one_line
from tests.bep.conftest import FILES, Workspace, surroundings, write

TITLE, CLEAR, C1, TURNED, HIDDEN, LINK = (
    "\x1b]0;TITLE\x07", "\x1b[2J", "\x9b2J", "\u202eTURNED", "\x1b[8mHIDDEN", "\x1b]8;;http://evil\x1b\\",
)  # fmt: skip
HOSTILE = TITLE + CLEAR + C1 + TURNED + HIDDEN + LINK + "back\rover"
OWN = re.compile(rf"{COLOUR}|\x1b\[[JK]|\x1b\[\d*A|\r\r?\n|\r(?=\x1b|$|[ \[\d])")
"""What bep itself writes to a terminal: colours, and what draws a live line over the last one."""

SCRIPT = """\
import logging
import os
import sys

HOSTILE = {hostile!a}

def init():
    print("stdout " + HOSTILE)
    sys.stderr.write("stderr " + HOSTILE + "\\n")
    logging.warning("logged " + HOSTILE)
    print("\\x1b[31mred\\x1b[0m")

def run(mini_batch):
    if any(path.endswith("bad.txt") for path in mini_batch):
        raise ValueError("raised " + HOSTILE)
    return [HOSTILE] * len(mini_batch)
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Applied, with a job of which one item failed and one that failed whole, all as hostile as can be."""
    folder = tmp_path_factory.mktemp("hostile")
    told = json.dumps(HOSTILE)
    specs = FILES["specs.yml"].replace("auth_mode: aad_token", f"description: {told}\ntags: {{a: {told}}}")
    specs = specs.replace("mini_batch_size: 2", "mini_batch_size: 1, retry_settings: {max_retries: 0}")
    write(folder, {**FILES, "specs.yml": specs, "code/score.py": SCRIPT.format(hostile=HOSTILE)})
    write(folder, {f"texts/{TITLE}{CLEAR}{TURNED}\n{C1}-bad.txt": "x"})
    workspace = Workspace(folder)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "one-bad", "--instance-count", "1")  # one worker says all there is
    write(folder, {"one/bad.txt": "x"})
    workspace.bep("run", "-e", "letters", "-i", "one", "--name", "all-bad", expect=1)
    workspace.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    workspace.bep("plan", "-o", "plan.json", "--markdown")
    write(folder, {"wrong.yml": f"kind: compute\nname: {told}\ntype: {told}\n{told}: 1\n"})
    return workspace


SAYING: dict[str, list[list[str]]] = {
    "validate": [[], ["wrong.yml"], ["wrong.yml", "-o", "json"], ["wrong.yml", "-o", "github"], [HOSTILE]],
    "init": [[], ["--from", HOSTILE], [HOSTILE]],
    "explain": [["bad-name"], [HOSTILE]],
    "fmt": [["--check"], ["--diff"], ["wrong.yml", "--diff"], [HOSTILE]],
    "plan": [[], ["--json"], ["--markdown"], ["--html"], ["--target", HOSTILE], [f"--no-{HOSTILE}"]],
    "comment": [["plan.json", "--dry-run", "--platform", "bitbucket"], ["plan.json"], [HOSTILE, "--platform", HOSTILE]],
    "apply": [["plan.json", "--auto-approve"], [HOSTILE]],
    "destroy": [["--target", HOSTILE, "--auto-approve"]],
    "show": [[], ["endpoint/letters"], ["endpoint/letters", "-o", "json"], ["plan.json"], [HOSTILE]],
    "run": [
        ["job.yml", "--name", "again"], ["job.yml", "--json", "--name", "events"], ["job.yml", "--sample", "1"],
        ["job.yml", "--dry-run"], ["-e", "letters", "-i", HOSTILE], [HOSTILE],
    ],
    "job": [
        ["list"], ["list", "-o", "json"], ["show", "one-bad"], ["show", "one-bad", "-o", "json"], ["stream", "one-bad"],
        ["stream", "all-bad"], ["logs", "one-bad"], ["logs", "all-bad", "--error"], ["report", "one-bad"],
        ["compare", "one-bad", "again"], ["compare", "one-bad", HOSTILE],
        ["show", HOSTILE], ["cancel", "one-bad"], ["retry", "one-bad"], ["resume", "all-bad"],
        ["merge", HOSTILE], ["merge", "one-bad"], ["merge", HOSTILE, "--share", HOSTILE],
        ["show", "one-bad", "--share", HOSTILE], ["logs", HOSTILE, "--share", HOSTILE],
        ["download", "one-bad", "--path", "taken"], [HOSTILE],
    ],
    "schedule": [["list"], ["run", HOSTILE], ["run", HOSTILE, "--no-wait"]],
    "serve": [
        ["--host", HOSTILE], ["--port", HOSTILE], ["--cert", HOSTILE, "--key", HOSTILE], ["--url", HOSTILE],
        ["--allow-host", HOSTILE], ["--log-format", HOSTILE],
    ],
    "studio": [[], ["--role", HOSTILE], ["--sign-out-all"], ["--sign-out-all", "--json"]],
    "token": [["create", "--name", HOSTILE, "--role", "read"], ["list"], ["revoke", HOSTILE]],
    "env": [["list"], ["show", HOSTILE]],
    "import": [[HOSTILE]],
    "adopt": [[], [HOSTILE]],
    "rollback": [[]],
    "output": [[], [HOSTILE]],
    "graph": [[], ["--format", HOSTILE]],
    "export": [["arm"], [HOSTILE], ["azureml-parallel", HOSTILE], ["azureml-parallel", "-e", HOSTILE, "-i", HOSTILE]],
    "doctor": [[], ["-o", "json"], ["-o", "table"]],
    "policy": [["test"], ["test", HOSTILE]],
    "stage": [["list"]],
    "state": [["list"], ["show", "endpoint/letters"], ["show", HOSTILE], ["rm", HOSTILE]],
    "gc": [["--dry-run"], [HOSTILE]],
    "unlock": [[HOSTILE]],
    "schema": [["show", HOSTILE]],
    "version": [[]],
}  # fmt: skip
"""Each command, so that what it says has hostile text in it, whether it succeeds or refuses."""


def test_every_command_is_tried() -> None:
    assert set(SAYING) == set(COMMANDS)


def on_terminal(workspace: Workspace, *arguments: str) -> str:
    """What a terminal of 100 columns receives."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", *arguments],
        cwd=workspace.folder, env={**surroundings(), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # the last writer has left
            break
        if not block:
            break
        said += block
    os.close(terminal)
    process.wait(60)
    return said.decode(errors="strict")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_pipe_receives_what_a_terminal_would_obey(hostile: Workspace, command: str) -> None:
    for words in SAYING[command]:
        done = hostile.bep(command, *words, expect=None, PYTHONIOENCODING="utf-8")
        assert "a bug in bep" not in done.stderr
        for said in (done.stdout, done.stderr):
            assert not UNSAFE.search(said), (command, words, said)
        if "json" in words or "--json" in words:
            for document in [done.stdout] if "-o" in words or command == "plan" else done.stdout.splitlines():
                json.loads(document)


TERMINAL = [
    ("validate", ["wrong.yml"]), ("plan", []), ("show", ["endpoint/letters"]), ("run", ["job.yml", "--name", "seen"]),
    ("job", ["logs", "one-bad"]), ("job", ["stream", "all-bad"]), ("job", ["show", "one-bad"]),
    ("job", ["list"]), ("show", [f"--no-{HOSTILE}"]), ("doctor", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words"), TERMINAL)
def test_a_terminal_receives_colours_and_what_bep_draws_and_nothing_else(
    hostile: Workspace, command: str, words: list[str]
) -> None:
    said = on_terminal(hostile, command, *words)
    left = OWN.sub("", said)
    assert not UNSAFE.search(left), repr(UNSAFE.search(left))
    if words == ["logs", "one-bad"]:
        assert "\x1b[31mred\x1b[0m" in said


def test_logs_are_to_be_had_as_they_are(hostile: Workspace) -> None:
    raw = subprocess.run(
        [sys.executable, "-m", "bep", "job", "logs", "one-bad", "--worker", "0", "--stdout", "--raw"],
        cwd=hostile.folder, env=surroundings(), capture_output=True, check=True,
    )  # fmt: skip
    assert raw.stdout.startswith(f"stdout {HOSTILE}\n".encode())
    shown = hostile.bep("job", "logs", "one-bad", "--worker", "0", "--stdout", PYTHONIOENCODING="utf-8").stdout
    assert shown.startswith(r"stdout \x1b]0;TITLE\x07\x1b[2J\u009b2J\u202eTURNED\x1b[8mHIDDEN")


PIECES = st.text() | st.sampled_from(
    [TITLE, CLEAR, C1, TURNED, HIDDEN, LINK, "\r", "\r\n", "\x1b[31m", "\x1b[0m", "\x1b[38;5;9m", "\x1b[1;31m", "\x1b"]
)


@given(st.lists(PIECES).map("".join))
def test_whatever_the_text_nothing_but_breaks_and_colours_passes(text: str) -> None:
    plain, coloured = escaped(text), escaped(text, colour=True)
    assert not UNSAFE.search(plain)
    assert not UNSAFE.search(re.sub(COLOUR, "", coloured))
    assert "\n" not in in_one_line(text)
    assert (escaped(plain), escaped(coloured, colour=True)) == (plain, coloured)
    assert not re.search(COLOUR, coloured) or coloured.rstrip("\n").endswith(("\x1b[0m", "\x1b[m"))
    if not UNSAFE.search(text):
        assert plain == coloured == text


@given(st.recursive(st.text() | PIECES, lambda below: st.lists(below) | st.dictionaries(PIECES, below)))
def test_escaped_json_is_the_same_json(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(escaped(text)) == value


def test_long_runs_of_digits_take_no_time_to_tell_from_a_colour() -> None:
    text = "\x1b[" + "3" * 200_000
    assert escaped(text, colour=True) == "\\x1b[" + "3" * 200_000


def test_a_file_of_any_name_is_one_lines_part(hostile: Workspace) -> None:
    name = f"{TITLE}{CLEAR}{TURNED}\n{C1}-bad.txt"
    assert Path(hostile.folder / "texts" / name).exists()
    done = hostile.bep("run", "job.yml", "--name", "named", PYTHONIOENCODING="utf-8")
    shown = r"\x1b]0;TITLE\x07\x1b[2J\u202eTURNED\n\u009b2J-bad.txt"
    assert any(shown in line for line in done.stderr.splitlines())
    assert any(shown in line for line in done.stdout.splitlines() if line.strip().startswith("files:"))


def test_no_unsafe_character_can_be_printed() -> None:
    unsafe = [each for each in map(chr, range(sys.maxunicode + 1)) if UNSAFE.match(each) or CONTROL.match(each)]
    assert len(unsafe) > 2000
    assert not [each for each in unsafe if each.isprintable()]
