"""A world that may only be read, and a disk without room: looked at all the same, and said with the folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, surroundings

LOOKING = (
    ["validate"], ["plan"], ["plan", "--json"], ["show"], ["show", "blue"], ["output"], ["graph"], ["state", "list"],
    ["state", "show", "blue"], ["state", "pull"], ["job", "list"], ["job", "show", "first"], ["job", "logs", "first"],
    ["env", "list"], ["schema", "list"],
)  # fmt: skip
CHANGING = (["apply", "-y"], ["destroy", "-y"], ["run", "job.yml"], ["state", "rm", "blue"], ["plan", "-o", "p.json"])


@pytest.fixture
def mounted(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied workspace, with a job, on a file system of its own."""
    place = tmp_path_factory.mktemp("mount")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"nothing may be mounted here: {made.stderr.strip()}")
    shutil.copytree(applied.folder, place / "workspace")
    yield Workspace(place / "workspace")
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def only_to_be_read(workspace: Workspace) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(workspace.folder.parent)], check=True)


def test_a_read_only_world_is_planned_and_shown_and_nothing_else(mounted: Workspace) -> None:
    mounted.bep("run", "job.yml", "--name", "first")
    mounted.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    only_to_be_read(mounted)
    said = {" ".join(command): mounted.bep(*command).stdout for command in LOOKING}
    assert "~ compute/cpu-cluster  max_instances 2 -> 3" in said["plan"]
    assert "may only be read here: what is planned can be shown, and not applied" in said["plan"]
    assert "in step" in said["show"]
    for command in CHANGING:
        refused = mounted.bep(*command, expect=None)
        assert refused.returncode in (1, 5)
        assert "Read-only file system" in refused.stderr or "may only be read here" in refused.stderr
        assert str(mounted.folder) in refused.stderr
        assert "work in a copy" in refused.stderr or "use a copy" in refused.stderr
        assert "a bug in bep" not in refused.stderr


def test_a_colleagues_world_is_planned_and_shown(applied: Workspace) -> None:
    """As somebody whom permissions bind, which root is without the power to override them."""
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    for path in sorted(applied.folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    bound = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []

    def asked(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*bound, sys.executable, "-m", "bep", *command],
            cwd=applied.folder, env=surroundings(), capture_output=True, text=True, check=False,
        )  # fmt: skip

    planned = asked("plan")
    assert planned.returncode == 0, planned.stderr
    assert "~ compute/cpu-cluster  max_instances 2 -> 3" in planned.stdout
    refused = asked("apply", "-y")
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert "may not be written to here" in refused.stderr


def test_a_catalog_whose_log_was_not_folded_is_read_with_it(
    applied: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from bep.providers.local import catalog_file

    path = applied.folder / ".bep/cloud/catalog.sqlite"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("DELETE FROM objects WHERE kind = 'traffic'")
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("catalog.sqlite", "catalog.sqlite-wal"):
        shutil.copyfile(path.with_name(name), kept / name)
    writer.close()
    monkeypatch.setattr(catalog_file, "_is_writable", lambda path: False)
    found = catalog_file.connect_to_read(kept / "catalog.sqlite", "", "read")
    assert found.execute("SELECT count(*) FROM objects WHERE kind = 'traffic'").fetchone() == (0,)
    with pytest.raises(sqlite3.OperationalError):
        found.execute("DELETE FROM objects")


def test_a_full_disk_is_said_with_its_folder(mounted: Workspace) -> None:
    room = os.statvfs(mounted.folder)
    (mounted.folder / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - 8192))
    mounted.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    refused = mounted.bep("apply", "-y", expect=None)
    assert refused.returncode in (1, 5)
    assert "make room" in refused.stderr + refused.stdout
    assert "a bug in bep" not in refused.stderr
    (mounted.folder / "ballast").unlink()
    mounted.bep("apply", "-y")
    mounted.bep("plan", "--detailed-exitcode")
