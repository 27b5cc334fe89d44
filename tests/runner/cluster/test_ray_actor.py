"""What carries lines on a node, without Ray: the package unpacked, an interpreter found or not, a process that ends."""

import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bep.runner.cluster.package import package
from bep.runner.cluster.ray_actor import NAMES, Carrier, interpreter, unpacked

AGENT = """
import os, sys
if sys.argv[1:2] == ["--sweep"]:
    open(os.path.join(os.environ["HOME"], "swept"), "w").write(sys.argv[2])
    sys.exit()
print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    if line == "crash\\n":
        sys.stderr.write("the disk is full\\n")
        sys.exit(3)
    print("heard", line.strip(), *sorted(os.environ), flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("BEP_PYTHON", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def carrier(home: Path) -> Callable[[], Carrier]:
    """One whose agent is a few lines, put beside bep in the folder of the package."""
    made = package()
    folder = Path(unpacked(made.content, made.name))
    (folder / "agent_of_test.py").write_text(AGENT)
    return lambda: Carrier(
        made.content, made.name, "agent_of_test", ("PATH", "HOME", "LC_*"), ("agent_of_test", "--sweep", "m4rk")
    )


def heard(carrier: Carrier) -> list[str]:
    """The next lines."""
    lines, ended = carrier.hear(60)
    assert not ended
    return lines


def test_a_package_is_unpacked_once_and_is_whole(home: Path) -> None:
    made = package()
    folder = Path(unpacked(made.content, made.name))
    assert folder.is_relative_to(home / ".cache" / "bep" / "packages")
    assert (folder / "bep" / "runner" / "engine.py").exists()
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    inode = folder.stat().st_ino
    assert Path(unpacked(b"not looked at", made.name)).stat().st_ino == inode
    with pytest.raises(Exception, match="not a zip file"):
        unpacked(b"torn", "another.zip")
    assert not (folder.parent / "another").exists(), "what is torn is not there"


def test_a_user_without_a_home_has_a_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = package()
    assert Path(unpacked(made.content, made.name)).is_relative_to(tmp_path / f"bep-{os.geteuid()}")


def test_lines_are_carried_in_both_directions(carrier: Callable[[], Carrier], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_JOB_ID", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    one = carrier()
    assert one.begin() == ""
    assert heard(one)[0].startswith("ready ")
    one.tell(["a", "b"])
    told: list[str] = []
    while len(told) < 2:
        told += heard(one)
    assert [line.split()[1] for line in told] == ["a", "b"]
    assert "HOME LC_ALL" in told[0]
    assert "RAY_JOB_ID" not in told[0]
    one.end()
    assert one.hear(60) == ([], "the agent was ended by SIGKILL")


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("crash", "the agent ended with exit code 3; it said last: the disk is full"),
        ("kill", "the agent was ended by SIGKILL"),
    ],
)
def test_how_an_agent_ended_is_told_and_what_it_left_is_swept(
    carrier: Callable[[], Carrier], home: Path, end: str, why: str
) -> None:
    one = carrier()
    assert one.begin() == ""
    pid = int(heard(one)[0].split()[1])
    if end == "crash":
        one.tell(["crash"])
    else:
        os.kill(pid, signal.SIGKILL)
    assert one.hear(60) == ([], why)
    one.end()
    assert (home / "swept").read_text() == "m4rk"


def test_signals_that_were_blocked_reach_the_agent(carrier: Callable[[], Carrier]) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        one = carrier()
        assert one.begin() == ""
        blocked = {signal.SIGINT, signal.SIGTERM} <= signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert blocked, "the thread itself has them blocked as before"
    os.kill(int(heard(one)[0].split()[1]), signal.SIGTERM)
    assert one.hear(60) == ([], "the agent was ended by SIGTERM")


def test_a_node_without_an_interpreter_says_what_was_looked_for(
    carrier: Callable[[], Carrier], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "python3.12"
    old.write_text("#!/bin/sh\necho 'AssertionError: it is Python 3.8.1' >&2; exit 1\n")
    old.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(old))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = carrier().begin()
    assert said.startswith(f"{os.uname().nodename} has no Python 3.11 or later that runs bep: BEP_PYTHON is not set; ")
    assert f"{old}: AssertionError: it is Python 3.8.1" in said
    assert all(name in said for name in NAMES)
    assert said.endswith("fix: install one on the nodes, or name it in BEP_PYTHON in the environment of their Ray")


def test_the_interpreter_that_is_named_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEP_PYTHON", sys.executable)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert interpreter(str(home), "json", {})[0] == os.environ["BEP_PYTHON"]
