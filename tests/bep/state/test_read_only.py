"""A world that may only be read, and a disk without room: looked at all the same, and said with the folder."""

import os
import shutil
import sqlite3
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
CHANGING = (
    ["apply", "-y"], ["destroy", "-y"], ["run", "job.yml"], ["job", "resume", "first"], ["state", "rm", "blue"],
    ["state", "restore", "0"], ["rollback", "-y"], ["import", "compute/cpu-cluster", "-o", "new.yml"],
    ["adopt", "compute/cpu-cluster"],
)  # fmt: skip


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


def traces(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}


def meddled(workspace: Workspace) -> None:
    """Someone has changed the world, so that there is something to adopt; and the specs ask for more."""
    path = workspace.folder / ".bep/cloud/catalog.sqlite"
    with sqlite3.connect(path, isolation_level=None) as catalog:
        text = "replace(attributes, '\"max_instances\":2', '\"max_instances\":4')"
        catalog.execute(
            f"UPDATE objects SET etag = 'theirs', attributes = {text} WHERE address = 'compute/cpu-cluster'"
        )
        assert catalog.execute("SELECT attributes LIKE '%:4%' FROM objects WHERE kind = 'compute'").fetchone() == (1,)
    catalog.close()


def test_a_read_only_mount_is_planned_and_shown_and_nothing_else(mounted: Workspace) -> None:
    mounted.bep("run", "job.yml", "--name", "first")
    mounted.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    only_to_be_read(mounted)
    told = {" ".join(command): mounted.bep(*command) for command in LOOKING}
    assert "~ update  compute/cpu-cluster  max_instances 2 -> 3" in told["plan"].stdout
    line = f"{mounted.folder}/.bep may only be read here: all can be shown, and nothing changed (Read-only file system)"
    assert line in told["plan"].stdout
    for looked in ("show", "job list", "state list", "output", "graph", "env list"):
        assert told[looked].stderr.startswith(line), looked
    assert "in step" in told["show"].stdout
    mounted.bep("plan", "-o", str(mounted.folder.parent.with_suffix(".json")))
    for command in CHANGING[:-1]:
        refused = mounted.bep(*command, expect=1).stderr
        assert f"{mounted.folder}/.bep" in refused
        assert (
            "Read-only file system\n    fix: work in a copy of the workspace that is yours to write, or mount "
            in refused
        )
        assert f"mount {mounted.folder.parent} for writing" in refused


def bound(workspace: Workspace, *command: str) -> subprocess.CompletedProcess[str]:
    """As somebody whom permissions bind, which root is without the power to override them."""
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*powerless, sys.executable, "-m", "bep", *command],
        cwd=workspace.folder, env=surroundings(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def colleagues(workspace: Workspace) -> str:
    """Give `.bep` to somebody else, or at least take the right to write away; what bep says of whose it is."""
    home = workspace.folder / ".bep"
    for path in [*home.rglob("*"), home]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
        elif path.is_dir():
            path.chmod(0o555)
    return "belongs to nobody (drwxr-xr-x), and you are root" if os.geteuid() == 0 else "is yours, and its mode"


def test_a_colleagues_world_is_planned_and_shown_and_nothing_else(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "first")
    meddled(applied)
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    whose, before = colleagues(applied), traces(applied.folder)
    told = {" ".join(command): bound(applied, *command) for command in LOOKING if command[0] in ("plan", "show", "job")}
    assert [command for command, done in told.items() if done.returncode] == []
    assert "~ update  compute/cpu-cluster  max_instances 4 -> 3" in told["plan"].stdout
    assert whose in told["plan"].stdout
    assert "drifted" in told["show"].stdout
    assert "restore" not in bound(applied, "state", "restore").stderr
    for command in CHANGING:
        done = bound(applied, *command)
        assert done.returncode == 1, (command, done.stdout, done.stderr)
        assert whose in done.stderr
        assert f"{applied.folder}/.bep" in done.stderr
        assert "fix: " in done.stderr
    assert traces(applied.folder) == before  # and no YAML of an import or an adoption that then failed


def test_a_private_world_says_whose_it_is(applied: Workspace) -> None:
    colleagues(applied)
    for name in ("state.json", "state.json.backups"):
        (applied.folder / ".bep" / name).chmod(0)
    for command in (["plan"], ["state", "restore"]):
        done = bound(applied, *command)
        assert done.returncode == 1
        assert f"{applied.folder}/.bep/state.json" in done.stderr
        assert "Permission denied: it " in done.stderr
        assert "fix: " in done.stderr


READ = (
    "import sys, pathlib; from bep.providers.local.catalog.catalog import Catalog\n"
    "catalog = Catalog(pathlib.Path(sys.argv[1]), clock=str)\n"
    "print(len(catalog.list('traffic')), len(catalog.list('compute')))"
)


@pytest.mark.parametrize("beside", [("-wal", "-shm"), ("-wal",), ()])
def test_a_catalog_whose_log_was_not_folded_is_read_with_it(
    applied: Workspace, tmp_path: Path, beside: tuple[str, ...]
) -> None:
    path = applied.folder / ".bep/cloud/catalog.sqlite"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("DELETE FROM objects WHERE kind = 'traffic'")
    kept = tmp_path / "kept"
    kept.mkdir()
    if not beside:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in ("", *beside):
        shutil.copyfile(f"{path}{ending}", kept / f"catalog.sqlite{ending}")
        (kept / f"catalog.sqlite{ending}").chmod(0o444)
    writer.close()
    kept.chmod(0o555)
    before = traces(kept)
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*powerless, sys.executable, "-c", READ, str(kept / "catalog.sqlite")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0 1\n"
    assert traces(kept) == before


def test_what_is_read_beside_a_writer_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bep.providers.local.catalog import reading
    from bep.providers.local.catalog.catalog import Catalog, Row
    from bep.schemas.address import Address

    path = tmp_path / "catalog.sqlite"
    writer = Catalog(path, clock=lambda: "2026-01-01T00:00:00Z")
    writer.create(Row(Address("compute/one"), {"name": "one"}, "first"))
    writer.close()
    monkeypatch.setattr(reading, "no_write", lambda places: "not here")
    reader = Catalog(path, clock=str)
    assert [*reader.list("compute")] == ["compute/one"]
    writer.create(Row(Address("compute/two"), {"name": "two"}, "second"))
    assert [*reader.list("compute")] == ["compute/one", "compute/two"]  # now by the writer's own log
    writer.close()
    assert [*reader.list("compute")] == ["compute/one", "compute/two"]
    reader.close()


def test_a_full_disk_is_read_and_said_with_its_folder(mounted: Workspace) -> None:
    mounted.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    ballast = mounted.folder / "ballast"
    room = os.statvfs(mounted.folder)
    ballast.write_bytes(bytes((room.f_bavail - 1) * room.f_frsize))
    assert "max_instances 2 -> 3" in mounted.bep("plan").stdout
    mounted.bep("show")
    for command in (["apply", "-y"], ["run", "job.yml", "--name", "one"]):
        done = mounted.bep(*command, expect=None)
        told = done.stdout + done.stderr
        assert done.returncode in (1, 5), told
        assert "No space left on device" in told
        assert f"make room on the disk of {mounted.folder}/.bep" in told
        assert "a bug in bep" not in told
    ballast.unlink()
    mounted.bep("apply", "-y")
    mounted.bep("plan", "--detailed-exitcode")
    mounted.bep("run", "job.yml", "--name", "two")


@pytest.mark.parametrize("size", [1 << 20, 17 << 20])  # copied one after the other, and several at a time
def test_a_disk_too_full_for_a_jobs_copies_is_said_with_the_folder_and_the_way_out(
    mounted: Workspace, size: int
) -> None:
    with (mounted.folder / "model/weights.bin").open("wb") as weights:
        weights.truncate(size)
    mounted.edit("specs.yml", "alphabet, version: 1", "alphabet, version: 2")
    mounted.bep("apply", "-y")
    (mounted.folder / "model/weights.bin").unlink()
    ballast, room = mounted.folder / "ballast", os.statvfs(mounted.folder)
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - size // 2))
    done = mounted.bep("run", "job.yml", "--name", "one", expect=1)
    told = done.stdout + done.stderr
    assert "No space left on device" in told
    assert f"{mounted.folder}/.bep/jobs/one/assets" in told
    assert f"make room on the disk of {mounted.folder}/.bep/jobs/one" in told
    assert "damaged" not in told
    assert "Traceback" not in told
    assert not list((mounted.folder / ".bep/jobs/one").glob("assets/**/weights.bin"))
    ballast.unlink()
    mounted.bep("job", "resume", "one")


def test_a_jobs_folder_that_may_not_be_written_is_said_before_its_copies_are_made(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "one")
    record = applied.folder / ".bep/jobs/one/job.json"
    record.write_text(record.read_text().replace('"Completed"', '"Failed"'))
    record.parent.chmod(0o555)
    done = bound(applied, "job", "resume", "one")
    record.parent.chmod(0o755)
    assert done.returncode == 1
    assert f"{record.parent}: Permission denied: it is yours, and its mode dr-xr-xr-x forbids it" in done.stderr
    assert f"fix: chmod -R u+rwX {record.parent}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
