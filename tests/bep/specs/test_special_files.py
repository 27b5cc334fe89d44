"""What is no plain file, wherever a path is read: a finding that names it, and never a wait."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings, write

SORTS = {"fifo": "FIFO", "socket": "socket", "link": "link", "/dev/zero": "device"}
PLACES = {
    "model": "kind: model\nname: m\nversion: 1\npath: {}\n",
    "data": "kind: data\nname: d\nversion: 1\npath: {}\n",
    "conda": "kind: environment\nname: e\nversion: 1\nimage: x\nconda_file: {}\n",
    "requirements": "kind: environment\nname: e\nversion: 1\nimage: x\nrequirements: {}\n",
    "constraints": "kind: environment\nname: e\nversion: 1\nimage: x\nconstraints: {}\n",
    "build": "kind: environment\nname: e\nversion: 1\nbuild: {{path: {}}}\n",
    "line of pip": "kind: environment\nname: e\nversion: 1\nconda_file: {{dependencies: [{{pip: ['-r {}']}}]}}\n",
    "environment": "name: blue\nendpoint_name: e\nmodel: {{path: m.txt}}\ncompute: local\nenvironment: 'file:{}'\n",
}


@pytest.fixture
def odd(tmp_path: Path) -> Workspace:
    """A folder with one of each sort of what is no plain file."""
    write(tmp_path, {"bep.yml": "workspace: x\nspecs: [spec.yml]\n", "m.txt": "x", "spec.yml": ""})
    os.mkfifo(tmp_path / "fifo")
    bound = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(tmp_path)  # the name of a socket may have a hundred bytes
    try:
        bound.bind("socket")
    finally:
        os.chdir(here)
        bound.close()
    (tmp_path / "link").symlink_to("nowhere")
    return Workspace(tmp_path)


@pytest.mark.parametrize("place", PLACES)
def test_a_path_in_a_spec(odd: Workspace, place: str) -> None:
    documents = [PLACES[place].replace("name: ", f"name: a{n}").format(sort) for n, sort in enumerate(SORTS)]
    write(odd.folder, {f"spec{n}.yml": text for n, text in enumerate(documents)})
    write(odd.folder, {"bep.yml": "workspace: x\nspecs: [spec0.yml, spec1.yml, spec2.yml, spec3.yml]\n"})
    said = odd.bep("validate", expect=3).stdout
    for sort, word in SORTS.items():
        assert any(sort in line and word in line for line in said.splitlines()), (sort, said)


@pytest.mark.parametrize("sort", SORTS)
def test_a_file_that_a_command_is_given(odd: Workspace, sort: str) -> None:
    word = SORTS[sort]
    for arguments in (
        ["validate", sort],
        ["validate", "--var-file", sort],
        ["run", sort],
        ["plan", "--target-file", sort],
    ):
        done = odd.bep(*arguments, expect=None)
        assert done.returncode in (1, 3)
        assert word in done.stdout + done.stderr or "No such file" in done.stderr, (arguments, done)


def test_a_pattern_of_specs_hides_none_of_them(odd: Workspace) -> None:
    for name in ("fifo", "socket", "link"):
        (odd.folder / name).rename(odd.folder / f"{name}.yml")
    write(odd.folder, {"bep.yml": "workspace: x\nspecs: ['*.yml']\n"})
    said = odd.bep("validate", expect=3).stdout
    assert "fifo.yml cannot be read: it is a FIFO" in said
    assert "socket.yml cannot be read: it is a socket" in said
    assert "link.yml cannot be read: it is a link to what is not there" in said


def test_a_bep_yml_that_leads_nowhere_is_not_taken_for_none(odd: Workspace) -> None:
    (odd.folder / "bep.yml").unlink()
    (odd.folder / "bep.yml").symlink_to("nowhere")
    assert "bep.yml is a link to what is not there" in odd.bep("validate", expect=3).stdout


@pytest.mark.parametrize(("path", "said"), [("/", "the whole machine"), ("/proc/self/environ", "no files on a disk")])
def test_what_no_folder_of_files_is(odd: Workspace, path: str, said: str) -> None:
    write(odd.folder, {"spec.yml": PLACES["data"].format(path)})
    assert said in odd.bep("validate", expect=3).stdout


def test_a_big_folder_is_spoken_of_on_a_terminal_alone(tmp_path: Path) -> None:
    """The line is drawn for the first file when the patience is none, so nothing here waits for a slow disk."""
    write(
        tmp_path, {"bep.yml": "workspace: x\n", "d.yml": PLACES["data"].format("there"), "there/a": "x", "there/b": "y"}
    )
    program = "from bep.commands import watching\nwatching.PATIENCE = 0.0\nfrom bep.cli import main\nmain()"
    command = [sys.executable, "-c", program, "validate"]
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        environment = surroundings() | {"TERM": "xterm"}
        subprocess.run(command, cwd=tmp_path, env=environment, stderr=theirs, stdout=subprocess.DEVNULL, check=True)
        drawn = os.read(terminal.fileno(), 1 << 16).decode()
        os.close(theirs)
    assert "looking at there: 1 files" in drawn
    quiet = subprocess.run(command, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, check=True)
    assert "looking" not in quiet.stdout + quiet.stderr
