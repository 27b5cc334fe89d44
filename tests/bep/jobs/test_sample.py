"""`bep run --sample N [--pdb]`: why a script fails, in seconds, with nothing left behind."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, write

FAILING = """
import os, sys

def init():
    print("ready with", os.path.basename(os.environ["AZUREML_MODEL_DIR"]) != "")
    with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "extra.txt"), "w") as extra:
        extra.write("x")

def run(mini_batch):
    secret_word = "plover"
    rows = [os.path.basename(path) for path in mini_batch]
    if "c.txt" in rows:
        raise ValueError("no c, please")
    return rows
"""


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("applied")
    write(folder, {**FILES, "code/score.py": FAILING, "temporary/.keep": ""})
    Workspace(folder).bep("apply", "--auto-approve")
    return folder


@pytest.fixture
def failing(applied_once: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """A deployment that fails for the third file, and a folder for temporary files of its own."""
    workspace = Workspace(Path(shutil.copytree(applied_once, tmp_path / "workspace")))
    monkeypatch.setenv("TMPDIR", str(workspace.folder / "temporary"))
    return workspace


def nothing_is_left(workspace: Workspace) -> bool:
    left = [path.name for path in (workspace.folder / "temporary").iterdir() if path.name.startswith("bep-")]
    return not left and not (workspace.folder / ".bep/jobs").exists() and not list(workspace.folder.rglob("*.csv"))


def test_results_output_and_tracebacks_go_straight_through(failing: Workspace) -> None:
    done = failing.bep("run", "job.yml", "--sample", "4", expect=1)
    assert done.stdout == "ready with True\na.txt\nb.txt\n"
    assert "mini-batch 1: c.txt, d.txt" in done.stderr
    assert 'score.py", line 13, in run' in done.stderr
    assert "ValueError: no c, please" in done.stderr
    assert "bep_worker" not in done.stderr
    assert "runner/worker" not in done.stderr
    assert "2 scored, 2 failed" in done.stderr
    assert "written for the output, and gone now: extra.txt" in done.stderr
    assert nothing_is_left(failing)


def test_what_a_sample_shows_is_what_a_job_writes(failing: Workspace) -> None:
    shown = failing.bep("run", "job.yml", "--sample", "2", "--output-format", "jsonl").stdout
    failing.bep("run", "job.yml", "-i", "texts/[ab].txt", "--output-format", "jsonl", "--output-path", "out")
    assert shown == "ready with True\n" + (failing.folder / "out/predictions.jsonl").read_text()


def test_a_script_that_does_not_load_shows_why(failing: Workspace) -> None:
    (failing.folder / "code/score.py").write_text("import no_such_library\n\ndef run(mini_batch):\n    return []\n")
    failing.bep("apply", "--auto-approve")
    said = failing.bep("run", "job.yml", "--sample", "1", expect=1).stderr
    assert "could not be prepared: ModuleNotFoundError: No module named 'no_such_library'" in said
    assert "line 1" in said


def test_a_process_that_dies_is_named(failing: Workspace) -> None:
    (failing.folder / "code/score.py").write_text("import os\n\ndef run(mini_batch):\n    os.kill(os.getpid(), 9)\n")
    failing.bep("apply", "--auto-approve")
    assert "died of SIGKILL" in failing.bep("run", "job.yml", "--sample", "1", expect=1).stderr
    assert nothing_is_left(failing)


def test_pdb_without_a_sample_is_refused(failing: Workspace) -> None:
    assert "--sample N" in failing.bep("run", "job.yml", "--pdb", expect=1).stderr


def test_the_debugger_stands_where_the_script_raised(failing: Workspace) -> None:
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--sample", "5", "--pdb"],
        cwd=failing.folder, env=surroundings(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = _read_until(terminal, b"(Pdb)")
    assert b"no c, please" in said
    os.write(terminal, b"p secret_word + '!'\n")
    assert b"'plover!'" in _read_until(terminal, b"(Pdb)")
    os.write(terminal, b"q\n")
    last = _read_until(terminal, b"nothing was kept")
    assert process.wait(20) == 1
    assert b"2 scored, 2 failed" in last  # the first failure is the last mini-batch
    os.close(terminal)
    assert nothing_is_left(failing)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    said, until = b"", time.monotonic() + 30
    while wanted not in said:
        assert time.monotonic() < until, said
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 65536)
    return said
