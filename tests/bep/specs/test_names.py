"""Names: never a path, and never so long that a file made from one of them could not be."""

import json
import shutil

import pytest

from bep.app.workspace.clock import job_name
from bep.runner.errors import JobInvalid
from bep.runner.folder.record import load
from bep.runner.outputs.assembling import too_long
from bep.schemas.specs.rules import LONGEST_FILE_NAME, file_name_trouble
from bep.schemas.workspace.workspace import LONGEST_STATE_NAME
from tests.bep.conftest import Workspace


@pytest.fixture
def with_job(applied: Workspace) -> Workspace:
    """A workspace with one job in it, below a folder that holds another such workspace."""
    applied.bep("run", "job.yml", "--name", "nightly")
    other = applied.folder / "other"
    shutil.copytree(applied.folder / ".bep", other / ".bep")
    return applied


def test_a_job_name_is_never_a_path(with_job: Workspace) -> None:
    for name in ("../../other/.bep/jobs/nightly", "./nightly", "nightly/", "", ".", "..", f"{with_job.folder}/x"):
        for command in ("show", "logs"):
            said = with_job.bep("job", command, name, expect=1).stderr
            assert "is not a job's name, which is never a path" in said
    for command in ("stream", "cancel", "resume", "retry", "download", "report"):
        assert "is not a job's name" in with_job.bep("job", command, "../jobs/nightly", expect=1).stderr
    assert with_job.bep("job", "show", "night", "--query", "name", "-o", "tsv").stdout == "nightly\n"


def test_a_record_that_names_another_job_is_damaged(with_job: Workspace) -> None:
    file = with_job.folder / ".bep/jobs/nightly/job.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "name": "../../x"}))
    with pytest.raises(JobInvalid, match="it names another job"):
        load(file.parent)
    assert "is damaged: it names another job" in with_job.bep("job", "resume", "nightly", expect=1).stderr


@pytest.mark.parametrize("flags", [("--name", "n" * 231), ("--set", "name=" + "n" * 231)])
def test_a_job_name_is_no_longer_than_its_output_can_grow_under(applied: Workspace, flags: tuple[str, ...]) -> None:
    for more in ((), ("--dry-run",)):
        said = applied.bep("run", "job.yml", *flags, *more, expect=3).stderr
        assert "make the name of a file that is 1 bytes too long" in said
    assert not (applied.folder / ".bep/jobs").exists()


def test_the_longest_names_that_are_allowed_do_score(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "n" * 230)
    longest = "é" * (LONGEST_FILE_NAME // 2)
    applied.bep("run", "job.yml", "--output-path", "out", "--set", f"output_file_name={longest}")
    assert [path.name for path in (applied.folder / "out").iterdir()] == [longest]


def test_an_output_file_name_is_counted_in_bytes(applied: Workspace) -> None:
    long = "é" * 110
    assert file_name_trouble(long) == "output_file_name has 220 bytes, and may have 214: it grows under a longer name"
    assert "has 220 bytes" in applied.bep("run", "job.yml", "--output-file-name", long, expect=3).stderr
    applied.edit("specs.yml", "mini_batch_size: 2", f"mini_batch_size: 2, output_file_name: {long}")
    assert "has 220 bytes" in applied.bep("validate", expect=3).stdout


def test_a_job_that_bep_names_fits_the_longest_output() -> None:
    assert too_long("x" * LONGEST_FILE_NAME, job_name()) == 0
    assert too_long("x" * (LONGEST_FILE_NAME + 1), job_name()) == 1
    assert too_long("é" * 108, "n" * 31) == 2


def test_a_name_ends_where_it_ends(applied: Workspace) -> None:
    """A block of YAML ends in a line break, which no name may."""
    applied.edit("specs.yml", "name: letters\nauth", "name: |\n  letters\nauth")
    assert "name cannot be" in applied.bep("validate", expect=3).stdout
    assert "name cannot be" in applied.bep("run", "job.yml", "--name", "nightly\n", "--dry-run", expect=3).stderr


def test_a_state_has_room_for_the_names_beside_it(workspace: Workspace) -> None:
    longest = "s" * LONGEST_STATE_NAME
    workspace.edit("bep.yml", "specs:", f"state: {{file: {longest}}}\nspecs:")
    workspace.bep("apply", "--auto-approve")
    workspace.bep("state", "restore", "1")
    workspace.bep("plan")
    workspace.edit("bep.yml", longest, f"é{longest}")
    assert "the name of the state's file has 182 bytes, and may have 180" in workspace.bep("plan", expect=3).stderr


def test_the_longest_names_of_an_asset_are_applied_and_imported(workspace: Workspace) -> None:
    name, version = "n" * 255, "v" * 255
    workspace.edit("specs.yml", "name: alphabet, version: 1,", f"name: {name}, version: {version},")
    workspace.bep("apply", "--auto-approve")
    for path in (workspace.folder / ".bep").glob("state.json*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(workspace.folder / "model")
    (workspace.folder / "specs.yml").write_text("# nothing\n")
    workspace.bep("import", f"model/{name}/{version}", "--out", "taken.yml")
    [copied] = [path for path in workspace.folder.iterdir() if path.is_dir() and path.name.endswith("v-path")]
    assert [path.read_text() for path in copied.rglob("letters.txt")] == ["abc\n"]
