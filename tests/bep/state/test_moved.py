"""A workspace that was moved or copied: what was built and written for the other place."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, write

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
ASKING = f'{{name: plain, version: 1, image: python, conda_file: {{dependencies: ["python={PYTHON}"]}}}}'


@pytest.fixture
def original(tmp_path: Path) -> Workspace:
    """A workspace that keeps its environments itself, and a job that has run in them."""
    folder = tmp_path / "original"
    write(folder, {**FILES, "job.yml": FILES["job.yml"] + "outputs: {score: {path: ../elsewhere}}\n"})
    workspace = Workspace(folder)
    workspace.edit("bep.yml", "{local: {", "{local: {environments_folder: .bep/cloud/environments, ")
    workspace.edit("specs.yml", "{name: plain, version: 1, image: python}", ASKING)
    workspace.bep("apply", "--auto-approve")
    workspace.bep("run", "--endpoint", "letters", "--input", "texts", "--name", "inside")
    workspace.bep("run", "job.yml", "--name", "outside")
    return workspace


def test_a_copy_uses_its_own_environment_and_shows_its_own_results(original: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "deeper/copy")
    shutil.copytree(original.folder, copy.folder, symlinks=True)
    assert "No environment is built here" in copy.bep("env", "list").stderr
    built = copy.bep("env", "build")
    (row,) = json.loads(original.bep("env", "list", "-o", "json").stdout)
    theirs = f"{original.folder}/.bep/cloud/environments/{row['digest']}"
    assert f"plain/1: was built at {theirs}" in built.stderr
    python = built.stdout.split(": ")[1].strip()
    assert python.startswith(f"{copy.folder}/.bep/cloud/environments/")
    assert (
        str(copy.folder)
        in (Path(python).parent.parent / "pyvenv.cfg").read_text()
        + Path(python).parent.joinpath("activate").read_text()
    )
    assert copy.bep("env", "build").stderr == ""

    shown = json.loads(copy.bep("job", "show", "inside", "-o", "json").stdout)
    assert shown["folder"] == f"{copy.folder}/.bep/jobs/inside"
    file = Path(shown["outputs"]["score"]["file"])
    assert file.is_relative_to(copy.folder)
    shutil.rmtree(original.folder)
    copy.bep("job", "download", "inside", "--path", "got")
    assert (copy.folder / "got" / file.name).read_bytes() == file.read_bytes() != b""
    outside = json.loads(copy.bep("job", "show", "outside", "-o", "json").stdout)
    assert outside["outputs"]["score"]["path"] == str(tmp_path / "elsewhere")


def test_a_job_does_not_go_on_where_its_inputs_are_not(original: Workspace, tmp_path: Path) -> None:
    record = original.folder / ".bep/jobs/inside/job.json"
    about = json.loads(record.read_text())
    record.write_text(json.dumps({**about, "status": "Canceled"}))
    moved = Workspace(tmp_path / "moved")
    original.folder.rename(moved.folder)
    refused = moved.bep("job", "resume", "inside", expect=1)
    assert f"inside was begun in {original.folder} and names its inputs there" in refused.stderr
    assert not original.folder.exists()
    moved.folder.rename(original.folder)
    assert json.loads(original.bep("job", "show", "inside", "-o", "json").stdout)["folder"] == str(record.parent)
    assert len(json.loads(original.bep("env", "list", "-o", "json").stdout)) == 1
