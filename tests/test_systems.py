"""Where bep runs: refused on Windows in one sentence, done in a second way where a system lacks what Linux has."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.providers.local.environments.credentials import nameless
from bep.providers.state.owner import Owner, is_dead, this_process
from bep.systems import WINDOWS, refusal
from tests.bep.conftest import Workspace, surroundings, workspace

__all__ = ["workspace"]

MACOS = Path(__file__).parent / "stand_ins/macos"
NOT_ON_WINDOWS = ("fcntl", "grp", "pwd", "resource", "termios")


@pytest.mark.parametrize("words", [["plan"], ["version"], ["--help"], ["run", "job.yml"]])
def test_windows_is_refused_in_one_sentence_that_names_the_way_out(words: list[str]) -> None:
    program = (
        f"import sys; sys.platform = 'win32'; sys.modules.update(dict.fromkeys({NOT_ON_WINDOWS}));"
        f" sys.argv = ['bep', *{words}]; from bep.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {WINDOWS}\n")
    assert "WSL" in WINDOWS


@pytest.mark.parametrize("system", ["linux", "darwin", "freebsd14"])
def test_no_other_system_is_refused(system: str) -> None:
    assert refusal(system) == ""


@pytest.fixture
def elsewhere(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The small workspace, where neither bep nor a worker finds anything that Linux alone has."""
    monkeypatch.setenv("PYTHONPATH", str(MACOS))
    workspace.edit("code/score.py", "import os\n", "import os, sys, time\n")
    workspace.edit(
        "specs.yml", "instance_count: 2}", "instance_count: 2, properties: {worker_memory: 2GB, worker_cpus: 1}}"
    )
    return workspace


def test_what_linux_alone_has_is_done_in_a_second_way(elsewhere: Workspace) -> None:
    elsewhere.edit(
        "code/score.py",
        "    rows = []\n",
        "    assert sys.platform == 'darwin' and not hasattr(os, 'memfd_create') and not os.path.exists('/proc/self')\n"
        "    rows = []\n",
    )
    elsewhere.bep("apply", "-y", "--build")
    assert elsewhere.bep("plan").stdout.startswith("Nothing to do.")
    elsewhere.bep("run", "job.yml", "--name", "nightly")
    output = elsewhere.folder / ".bep/cloud/datastores/workspaceblobstore/azureml/nightly/score/predictions.csv"
    assert [line.split()[0] for line in output.read_text().splitlines()] == [f"{letter}.txt" for letter in "abcde"]
    elsewhere.bep("job", "show", "nightly")
    elsewhere.bep("destroy", "-y")


def test_there_workers_die_with_their_runner_and_the_job_goes_on(elsewhere: Workspace) -> None:
    elsewhere.edit(
        "code/score.py",
        "    rows = []\n",
        "    with open(os.environ['STARTED'], 'a') as told:\n"
        "        told.write(f'{os.getpid()}\\n')\n"
        "    while not os.path.exists(os.environ['GO']):\n"
        "        time.sleep(0.01)\n"
        "    rows = []\n",
    )
    started, go = elsewhere.folder / "started", elsewhere.folder / "go"
    variables = {**surroundings(), "STARTED": str(started), "GO": str(go)}
    elsewhere.bep("apply", "-y")
    command = [sys.executable, "-m", "bep", "run", "job.yml", "--name", "nightly"]
    with subprocess.Popen(command, cwd=elsewhere.folder, env=variables, stderr=subprocess.DEVNULL) as runner:
        until(lambda: len(_numbers(started)) == 2)
        runner.kill()
    until(lambda: not any(map(is_alive, _numbers(started))))
    assert "NotResponding" in elsewhere.bep("job", "show", "nightly").stdout
    go.touch()
    elsewhere.bep("job", "resume", "nightly", STARTED=str(started), GO=str(go))
    assert '"scored": 5' in elsewhere.bep("job", "show", "nightly", "-o", "json").stdout


def test_there_a_running_job_is_cancelled(elsewhere: Workspace) -> None:
    elsewhere.edit(
        "code/score.py",
        "    rows = []\n",
        "    open(os.environ['STARTED'], 'a').close()\n    time.sleep(600)\n    rows = []\n",
    )
    started = elsewhere.folder / "started"
    elsewhere.bep("apply", "-y")
    command = [sys.executable, "-m", "bep", "run", "job.yml", "--name", "nightly"]
    variables = {**surroundings(), "STARTED": str(started)}
    with subprocess.Popen(command, cwd=elsewhere.folder, env=variables, stderr=subprocess.DEVNULL) as runner:
        until(started.exists)
        elsewhere.bep("job", "cancel", "nightly")
        assert runner.wait(60) == 130


def _numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines() if line] if file.exists() else []


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has only to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, however slow the machine is."""
    limit = time.monotonic() + 100
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_lock_s_owner_is_told_by_its_number_where_the_system_does_not_say_when_it_began() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as over:
        over.wait()
    here = this_process()
    assert is_dead(Owner(here.who, here.host, over.pid, ""))
    assert not is_dead(Owner(here.who, here.host, os.getpid(), ""))


def test_credentials_are_in_a_file_of_their_owner_s_alone_where_no_file_is_nameless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with nameless("machine h login me password word\n", tmp_path / "netrc") as file:
        assert file == tmp_path / "netrc"
        assert file.stat().st_mode & 0o777 == 0o600
        assert "word" in file.read_text()
    assert not list(tmp_path.iterdir())
