"""Who may read what bep keeps: its owner, or the folder's group where bep.yml says so; and what is there stays."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bep.disk import modes
from tests.bep.conftest import Workspace, surroundings


def under(umask: int, workspace: Workspace, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bep", *command],
        cwd=workspace.folder, env=surroundings(), capture_output=True, text=True, check=True, umask=umask,
    )  # fmt: skip
    return done.stdout + done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kept(workspace: Workspace) -> dict[str, int]:
    home = workspace.folder / ".bep"
    return {str(path.relative_to(home)): mode(path) for path in home.rglob("*")}


def shared(workspace: Workspace) -> None:
    workspace.edit("bep.yml", "local: {", "local: {shared: group, ")


def test_what_bep_keeps_is_its_owners_alone(workspace: Workspace) -> None:
    (workspace.folder / "model/letters.txt").chmod(0o644)
    told = under(0, workspace, "apply", "-y") + under(0, workspace, "run", "job.yml", "--name", "first")
    assert "is open to" not in told
    assert mode(workspace.folder / ".bep") == 0o700
    there = kept(workspace)
    for name in ("cloud", "cloud/content", "jobs", "jobs/first", "jobs/first/parts", "state.json.backups"):
        assert there[name] == 0o700, name
    for name in ("state.json", "state.json.lock", "cloud/catalog.sqlite", "jobs/first/job.json", "jobs/first/lock"):
        assert there[name] == 0o600, name
    assert {at for name, at in there.items() if name.startswith("cloud/content/") and len(name) > 40} == {0o400}


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_group_may_read_all_of_it_where_bep_yml_says_so(workspace: Workspace, umask: int) -> None:
    (workspace.folder / "model/letters.txt").chmod(0o600)
    (workspace.folder / "code/score.py").chmod(0o644)
    if os.geteuid() == 0:
        workspace.folder.chmod(0o2755)  # what is made below has the same group
    shared(workspace)
    told = under(umask, workspace, "apply", "-y") + under(umask, workspace, "run", "job.yml", "--name", "first")
    assert "its group" not in told
    assert mode(workspace.folder / ".bep") & 0o777 == 0o750
    assert mode(workspace.folder / ".bep") & 0o2000 == mode(workspace.folder) & 0o2000
    there = kept(workspace)
    stored = {at for name, at in there.items() if name.startswith("cloud/content/") and len(name) > 40}
    assert stored == {0o400, 0o440}, "never wider than its source"
    closed = [name for name, at in there.items() if not at & 0o040 and not name.startswith("cloud/content/")]
    assert closed == []
    for name in ("state.json", "state.json.backups/0.json", "cloud/catalog.sqlite", "jobs/first/job.json"):
        assert there[name] == 0o640, name


def test_a_wider_folder_is_named_and_left_as_it_is(applied: Workspace) -> None:
    home = applied.folder / ".bep"
    home.chmod(0o755)
    told = applied.bep("plan").stdout
    assert ".bep is open to everybody on this machine (mode 0755): chmod go-rwx .bep keeps it to you" in told
    home.chmod(0o750)
    assert ".bep is open to its group (mode 0750)" in applied.bep("plan").stdout
    applied.bep("run", "job.yml", "--name", "first")
    assert mode(home) == 0o750
    assert mode(home / "jobs/first") == 0o700
    home.chmod(0o700)
    assert "is open to" not in applied.bep("plan").stdout


def test_who_asks_for_the_group_is_told_where_it_is_kept_out(applied: Workspace) -> None:
    shared(applied)
    told = applied.bep("plan").stdout
    assert ".bep is closed to its group, against provider: {local: {shared: group}}: chmod -R g+rX .bep" in told
    (applied.folder / ".bep").chmod(0o755)
    assert "chmod o-rwx,g-w .bep leaves its group alone" in applied.bep("plan").stdout
    (applied.folder / ".bep").chmod(0o750)
    assert "its group" not in applied.bep("plan").stdout


def test_another_word_than_group_is_a_finding(workspace: Workspace) -> None:
    workspace.edit("bep.yml", "local: {", "local: {shared: everyone, ")
    assert "group" in workspace.bep("validate", expect=3).stdout


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    (tmp_path / "wide").chmod(0o777)
    made = modes.make_folder(tmp_path / "wide" / "a" / "b")
    assert made == (tmp_path / "wide" / "a", tmp_path / "wide" / "a" / "b")
    assert [mode(path) for path in (tmp_path / "wide", *made)] == [0o777, 0o700, 0o700]
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        modes.make_folder(tmp_path / "file")


def test_a_world_of_its_own_is_private_and_named_where_it_is_wider(workspace: Workspace) -> None:
    workspace.edit("bep.yml", "local: {", "local: {path: worlds/ours, ")
    under(0, workspace, "apply", "-y")
    world = workspace.folder / "worlds/ours"
    assert [mode(folder) for folder in (world.parent, world, world / "content")] == [0o700] * 3
    world.chmod(0o777)
    told = workspace.bep("plan").stdout
    assert "worlds/ours is open to everybody on this machine (mode 0777): chmod go-rwx worlds/ours" in told
    assert ".bep is open" not in told
