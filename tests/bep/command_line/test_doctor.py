"""`bep doctor` on this machine: whatever is broken is a line with the way out, hides no other, and is no traceback."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep import api
from bep.app.access.servers import announced
from bep.app.jobs.requests.loading import JobSource, loaded_job
from bep.app.jobs.service import Asked, jobs_of
from bep.app.queue.place import file_of
from bep.app.upkeep.doctor import checks
from bep.app.workspace.opening import Opened, Source
from bep.distribution import EXTRAS, install
from bep.providers.folder_check import size_of
from tests.bep.conftest import FILES, Workspace, surroundings, write
from tests.services.azurite import Emulator, emulated
from tests.services.places import AZURITE

ROOT = Path(__file__).parents[3]
ALWAYS = {"bep", "workspace", "workspace's folder", "specs", "state", "lock", "state's place", "own Python"}


def looked(workspace: Workspace, expect: int = 0, **environment: str) -> dict[str, dict[str, Any]]:
    done = workspace.bep("doctor", "--json", expect=expect, **environment)
    assert done.stderr == ""
    rows = json.loads(done.stdout)
    return {row["name"]: row for row in rows}


def test_all_is_well(applied: Workspace) -> None:
    def written() -> dict[Path, int]:
        """When each file was; readers of a database share `-shm` in memory, and write no byte of it to disk."""
        return {path: path.stat().st_mtime_ns for path in applied.folder.rglob("*") if path.suffix != ".sqlite-shm"}

    before = written()
    found = looked(applied)
    assert set(found) >= ALWAYS
    assert {found[name]["verdict"] for name in ALWAYS} == {"ok"}
    assert "serial 1, 6 resources" in found["state"]["found"]
    assert found["specs"]["found"] == "6 resources"
    assert written() == before
    text = applied.bep("doctor").stdout
    assert f"ok        state: {applied.folder}/.bep/state.json, serial 1, 6 resources\n" in text
    assert "\x1b" not in text


def test_without_a_workspace_the_machine_alone_is_looked_at_and_nothing_made(tmp_path: Path) -> None:
    found = looked(Workspace(tmp_path))
    assert found["workspace"]["verdict"] == "skipped"
    assert found["workspace"]["next"] == [{"use_case": "init", "arguments": [], "options": {}}]
    assert found["workspace"]["fix"] == "`bep init` begins one"
    assert {"bep", "own Python", "conda", "environments"} <= set(found)
    assert not {"specs", "state", "lock", "state's place"} & set(found)
    assert [*tmp_path.iterdir()] == []


def asking(python: str) -> str:
    return FILES["specs.yml"].replace(
        "{name: plain, version: 1, image: python}",
        f"{{name: plain, version: 1, image: i, conda_file: {{dependencies: [python={python}]}}}}",
    )


def test_a_python_that_is_not_there_is_a_problem_with_those_that_are(workspace: Workspace) -> None:
    write(workspace.folder, {"specs.yml": asking("3.99")})
    here = {"PATH": "/nowhere", "HOME": str(workspace.folder)}  # no uv, no conda
    found = looked(workspace, expect=3, **here)["Python 3.99"]
    assert found["verdict"] == "problem"
    assert "asked for by environment/plain/1; here are " in found["found"]
    assert "pyenv install 3.99" in found["fix"]


def test_a_python_of_another_patch_is_a_warning_and_one_that_is_there_is_named(workspace: Workspace) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    write(workspace.folder, {"specs.yml": asking(f"{version}.99")})
    found = looked(workspace)[f"Python {version}.99"]
    assert found["verdict"] == "warning"
    assert "is taken for it, asked for by environment/plain/1" in found["found"]
    write(workspace.folder, {"specs.yml": asking(version)})
    assert looked(workspace)[f"Python {version}"]["verdict"] == "ok"


def test_who_builds_may_bring_the_python(workspace: Workspace) -> None:
    write(workspace.folder, {"specs.yml": asking("3.99"), "bin/uv": "#!/bin/sh\nexit 1\n"})
    (workspace.folder / "bin/uv").chmod(0o755)
    here = {"PATH": f"{workspace.folder}/bin", "HOME": str(workspace.folder)}
    assert looked(workspace, 0, **here)["Python 3.99"]["verdict"] == "warning"
    (workspace.folder / "bin/uv").rename(workspace.folder / "bin/micromamba")
    found = looked(workspace, 0, **here)
    assert found["Python 3.99"]["found"].startswith("micromamba brings it")
    assert found["conda"]["found"] == f"micromamba at {workspace.folder}/bin/micromamba"


def test_an_own_python_that_is_none_and_conda_that_is_asked_for(workspace: Workspace) -> None:
    config = workspace.folder / "bep.yml"
    config.write_text(
        config.read_text().replace(f"{{python: {sys.executable}}}", "{python: ./no, environments: conda}")
    )
    found = looked(workspace, expect=3, PATH="/nowhere", HOME=str(workspace.folder))
    assert "which is not a program on this machine" in found["own Python"]["found"]
    assert found["conda"]["verdict"] == "problem"


def test_an_extra_that_is_missing_is_told_with_its_command(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    packages = tmp_path_factory.mktemp("packages")
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if not one.name.startswith(("fsspec", "azure")) and one.suffix != ".pth":
            (packages / one.name).symlink_to(one)
    (packages / "azure").mkdir()
    code = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(packages)!r}]; sys.argv[1:] = ['doctor']\n"
    command = [sys.executable, "-S", "-c", f"{code}from bep.cli import main; main()"]
    done = subprocess.run(command, cwd=workspace.folder, env=surroundings(), capture_output=True, text=True, check=True)
    for name, lacking in (("fsspec", "fsspec"), ("azure", "azure.identity, azure.storage.blob")):
        told = f"extra {name}: not installed ({lacking}); {EXTRAS[name][1]} needs it\n    fix: {install(name)}\n"
        assert told in done.stdout


def test_extras_are_those_that_may_be_installed() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    offered = project["optional-dependencies"]
    for name, (modules, _) in EXTRAS.items():
        brought = {line.partition(">")[0] for line in offered[name]}
        assert brought == {module.replace(".", "-").replace("_", "-") for module in modules}
    assert set(offered) - {"test", "lint", "docs", "services", "mlflow"} == set(EXTRAS)


@pytest.fixture
def small(applied: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The applied workspace on a small disk of its own."""
    import shutil

    place = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"nothing may be mounted here: {made.stderr.strip()}")
    shutil.copytree(applied.folder, place / "workspace")
    yield Workspace(place / "workspace")
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def test_a_disk_that_is_full_or_only_to_be_read(small: Workspace) -> None:
    assert looked(small)["state's place"]["verdict"] == "warning"  # 40 MiB are few
    (small.folder / "filling").write_bytes(bytes(30 << 20))
    full = looked(small, expect=3)
    for name in ("workspace's folder", "state's place", "local world"):
        assert full[name]["verdict"] == "problem"
        assert "make room on the disk of" in full[name]["fix"]
    assert full["state"]["verdict"] == "ok"
    subprocess.run(["mount", "-o", "remount,ro", str(small.folder.parent)], check=True)
    closed = looked(small, expect=3)["state's place"]
    assert "Read-only file system" in closed["found"]
    assert "mount" in closed["fix"]


def test_a_lock_names_its_holder(applied: Workspace) -> None:
    from bep.providers.state.locking import acquire

    with acquire(applied.folder / ".bep/state.json", operation="apply", since="2026-11-22T21:15:30Z") as lock:
        found = looked(applied)["lock"]
    assert found["verdict"] == "warning"
    assert f"(process {os.getpid()}) since 2026-11-22T21:15:30Z" in found["found"]
    assert f"`bep unlock {lock.holder.id}`" in found["fix"]
    assert looked(applied)["lock"]["found"] == "held by nobody"


def test_jobs_in_line_that_nobody_starts(applied: Workspace) -> None:
    assert "jobs in line" not in looked(applied)
    opened = Opened(applied.folder, Source())
    job = loaded_job(opened, JobSource("job.yml", {"name": "nightly"})).job
    assert job is not None
    jobs_of(opened).order(job, Asked())
    found = looked(applied)["jobs in line"]
    assert (found["verdict"], found["next"][0]["use_case"]) == ("warning", "serve")
    assert found["found"] == "1 ordered, nightly the first, and no server runs here that would start them"
    with announced(opened.home, "http://127.0.0.1:1", "2026-01-01T00:00:00Z"):
        assert looked(applied)["jobs in line"]["verdict"] == "ok"
    file_of(opened.home).write_bytes(b"no database")
    found = looked(applied, expect=3)["jobs in line"]
    assert found["verdict"] == "problem"
    assert "queue.sqlite is damaged" in found["found"]


def test_what_is_broken_hides_nothing_else(applied: Workspace) -> None:
    (applied.folder / ".bep/state.json").write_text("{")
    (applied.folder / ".bep/cloud/catalog.sqlite").write_text("no database")
    (applied.folder / "specs.yml").write_text("kind: [\n")
    found = looked(applied, expect=3)
    assert set(found) >= ALWAYS
    assert (found["state"]["verdict"], found["specs"]["verdict"]) == ("problem", "problem")
    assert "`bep validate`" in found["specs"]["fix"]
    assert found["own Python"]["verdict"] == "ok"


@pytest.mark.parametrize(
    "text",
    ["", "[", "\0", "workspace: 1\nprovider: {nowhere: {}}\n", "state: {azure_blob: 3}\n", "specs: 4\n", "- a\n",
     "workspace: w\nstages: {a: {}, b: {}}\n"],
)  # fmt: skip
def test_a_bep_yml_that_is_wrong_is_a_problem_of_the_specs(tmp_path: Path, text: str) -> None:
    (tmp_path / "bep.yml").write_text(text)
    found = {one.name: one for one in checks(Opened(tmp_path, Source()))}
    assert found["bep"].verdict == "ok"
    assert found["specs"].verdict == "problem" or text in ("", "\0")
    assert not [one for one in found.values() if "Error" in one.found and "it could not be looked at" in one.found]


@pytest.mark.parametrize("command", ["doctor", "show"])
def test_a_folder_that_is_gone_is_said(tmp_path: Path, command: str) -> None:
    (tmp_path / "gone").mkdir()
    script = f'rmdir "$PWD"; exec "$0" -P -m bep {command}'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=tmp_path / "gone",
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: the folder that this was started in is not there any more; go to one that is\n"


def test_a_bep_yml_that_is_a_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "bep.yml").mkdir()
    found = {one.name: one for one in checks(Opened(tmp_path, Source()))}
    assert found["specs"].verdict == "problem"
    assert found["own Python"].verdict == "ok"


def test_from_python(applied: Workspace) -> None:
    found = {one.name: one for one in api.Workspace.open(applied.folder).doctor()}
    assert found["state"] == api.Check("state", "ok", f"{applied.folder}/.bep/state.json, serial 1, 6 resources")
    assert found["lock"].next == ()


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (64 << 20, "64 MiB"), (1023 << 30, "1023 GiB")],
)
def test_sizes(count: int, said: str) -> None:
    assert size_of(count) == said


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    if not AZURITE.exists():
        pytest.skip("no azurite here: make services")
    (tmp_path / "azurite").mkdir()
    with emulated(tmp_path / "azurite") as running:
        yield running


def test_a_state_in_a_blob(workspace: Workspace, emulator: Emulator) -> None:
    container = emulator.container("states")
    settings = {"account_url": emulator.url, "container": "states", "blob": "prod/state.json"}
    config = workspace.folder / "bep.yml"
    config.write_text(config.read_text() + f"state: {json.dumps({'azure_blob': settings})}\n")
    lines = workspace.bep("doctor", AZURE_STORAGE_KEY=emulator.key).stdout
    address = f"{emulator.url}/states/prod/state.json"
    assert f"state's place: {address} can be read, with what AZURE_STORAGE_KEY holds" in lines
    assert f"state's place: {address} can be written" in lines
    assert emulator.key not in lines
    assert [*container.list_blob_names()] == []
    reader = emulator.signature("states", "rl")
    said = workspace.bep("doctor", expect=3, AZURE_STORAGE_SAS_TOKEN=reader).stdout
    assert "can be read, with what AZURE_STORAGE_SAS_TOKEN holds" in said
    assert "the service refused it: AuthorizationPermissionMismatch" in said
    assert "Storage Blob Data Contributor" in said
    assert reader.partition("sig=")[2].partition("&")[0] not in said
    container.delete_container()
    gone = workspace.bep("doctor", expect=3, AZURE_STORAGE_KEY=emulator.key).stdout
    assert "ContainerNotFound" in gone
