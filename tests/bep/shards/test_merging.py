"""`bep job merge`, as it is typed: here and elsewhere, with something missing, and what works on the job afterwards."""

import json
import shutil
from pathlib import Path

import pytest

from bep import api
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import read
from bep.runner.shards.status import State
from bep.runner.shares.share import share_at
from tests.bep.conftest import Workspace
from tests.runner.shards.scored_shards import Scored, prepared_from


@pytest.fixture
def nightly(applied: Workspace) -> Scored:
    """A prepared job of five files in mini-batches of two; nothing of it is scored."""
    applied.bep("run", "job.yml", "--name", "here")
    folder = applied.folder
    here = read(JobFolder(folder / ".bep/jobs/here"))
    return prepared_from(here, folder / ".bep/jobs/nightly", folder / "results", str(folder / "share"))


def test_what_is_missing_is_named_with_what_scores_it_and_nothing_is_changed(
    applied: Workspace, nightly: Scored
) -> None:
    before = files_below(applied.folder / ".bep/jobs/nightly")
    said = applied.bep("job", "merge", "nightly", expect=1).stderr
    assert "nightly: 5 of 5 items are not scored, so nothing was merged" in said
    assert f"items 0 to 4: `bep run --shard 0/1 --share {applied.folder}/share --name nightly`" in said
    nightly.segment(0, 2)
    nightly.say(0, 3)
    nightly.say(1, 3, state=State.FAILED)
    said = applied.bep("job", "merge", "nightly", expect=1).stderr
    assert "nightly: 3 of 5 items are not scored" in said
    assert f"items 2 to 3: `bep run --shard 1/3 --share {applied.folder}/share --name nightly`" in said
    assert f"item 4: `bep run --shard 2/3 --share {applied.folder}/share --name nightly`" in said
    after = files_below(applied.folder / ".bep/jobs/nightly")
    assert after.keys() - {"lock"} == before.keys() - {"lock"}
    assert after["job.json"] == before["job.json"]
    assert not (applied.folder / "results").exists()


def test_a_merged_job_is_a_job_as_any_other(applied: Workspace, nightly: Scored) -> None:
    nightly.cut(1)
    nightly.share.put("nightly/logs/node-0a1b2c3d/stdout/process000.stdout.txt", b"hello from afar\n")
    nightly.share.put("nightly/output/own/table.txt", b"a table\n")
    assert applied.bep("job", "logs", "nightly").stdout.splitlines()[1] == "hello from afar"
    said = applied.bep("job", "merge", "nightly").stdout
    assert "job nightly Completed: 5 scored, 0 failed" in said
    assert (applied.folder / "results/predictions.csv").read_bytes() == nightly.here.output_file.read_bytes()  # type: ignore[union-attr]
    assert (applied.folder / "results/own/table.txt").read_text() == "a table\n"
    again = applied.bep("job", "merge", "nightly")
    assert "it was merged already" in again.stderr
    assert json.loads(applied.bep("job", "show", "nightly", "-o", "json").stdout)["counts"]["scored"] == 5
    shutil.rmtree(applied.folder / "share")
    assert applied.bep("job", "logs", "nightly").stdout.splitlines() == [
        "==> node-0a1b2c3d/process000 stdout <==",
        "hello from afar",
    ]
    assert "nightly" in applied.bep("job", "list", "--status", "completed").stdout
    applied.bep("job", "report", "nightly")
    applied.bep("job", "download", "nightly", "--path", "got")
    assert (applied.folder / "got/predictions.csv").exists()
    assert "5" in applied.bep("job", "compare", "here", "nightly").stdout
    assert "nothing left" in applied.bep("job", "retry", "nightly").stderr


def test_an_output_that_is_there_is_not_overwritten(applied: Workspace, nightly: Scored) -> None:
    nightly.cut()
    (applied.folder / "results").mkdir()
    (applied.folder / "results/predictions.csv").write_text("mine\n")
    assert "exists already and is never overwritten" in applied.bep("job", "merge", "nightly", expect=1).stderr
    assert nightly.now == nightly.record
    (applied.folder / "results/predictions.csv").unlink()
    applied.bep("job", "merge", "nightly")


def test_it_is_merged_in_another_workspace_that_is_told_where_its_output_goes(
    applied: Workspace, nightly: Scored, tmp_path: Path
) -> None:
    nightly.segment(0, 2)
    other = Workspace(tmp_path / "ci")
    other.folder.mkdir()
    (other.folder / "bep.yml").write_text("workspace: ci\nspecs: []\n")
    share = str(applied.folder / "share")
    assert "there is no job 'nightly' here" in other.bep("job", "merge", "nightly", expect=1).stderr
    said = other.bep("job", "merge", "nightly", "--share", share, expect=1).stderr
    assert "merge it there, or `--output-path FOLDER`" in said.replace("\n", " ")
    asked = ("job", "merge", "nightly", "--share", share, "--output-path", "results")
    assert "3 of 5 items are not scored" in other.bep(*asked, expect=1).stderr
    assert not (other.folder / ".bep/jobs/nightly").exists()
    nightly.segment(2, 5)
    other.bep(*asked)
    assert (other.folder / "results/predictions.csv").read_bytes() == nightly.here.output_file.read_bytes()  # type: ignore[union-attr]
    assert "Completed" in other.bep("job", "show", "nightly").stdout
    other.bep("job", "report", "nightly")
    assert "elsewhere" not in other.bep("job", "download", "nightly", "--path", "got").stderr


def test_a_job_of_another_kind_is_not_taken_for_one_in_the_share(applied: Workspace, nightly: Scored) -> None:
    asked = ("job", "merge", "here", "--share", "share")
    said = applied.bep(*asked, expect=1).stderr
    assert "has no prepared job here; it has nightly" in said
    assert "has no prepared job here" in applied.bep("job", "show", "here", "--share", "share", expect=1).stderr
    shutil.copytree(applied.folder / "share/nightly", applied.folder / "other/here")
    document = json.loads((applied.folder / "other/here/job.json").read_text())
    (applied.folder / "other/here/job.json").write_text(json.dumps({**document, "name": "here"}))
    said = applied.bep("job", "merge", "here", "--share", "other", "--output-path", "out", expect=1).stderr
    assert "there is a job here already" in said


def test_it_can_be_asked_for_in_python(applied: Workspace, nightly: Scored) -> None:
    nightly.segment(0, 2)
    ours = api.Workspace.open(applied.folder)
    assert (ours.jobs.shards("nightly")["scored"], ours.jobs.shards("nightly")["left"]) == (2, 3)
    with pytest.raises(api.Refused, match="3 of 5 items are not scored") as refused:
        ours.jobs.merge("nightly")
    assert [step.use_case for step in refused.value.next] == ["run"]
    nightly.segment(2, 5)
    nightly.share.put("nightly/logs/node-0a1b2c3d/stdout/process000.stdout.txt", b"hello from afar\n")
    assert [line.text for line in ours.jobs.logs("nightly")] == ["hello from afar\n"]
    assert ours.jobs.merge("nightly").check().scored == 5


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


FAILING = """
import os, pathlib

def run(mini_batch):
    if any("c.txt" in path for path in mini_batch) and not pathlib.Path(os.environ["MENDED"]).exists():
        raise ValueError("not yet")
    return [os.path.basename(path) for path in mini_batch]
"""


@pytest.mark.parametrize("form", ["azureml", "parquet"])
def test_failed_items_of_a_merged_job_are_scored_again_here(workspace: Workspace, form: str) -> None:
    folder = workspace.folder
    (folder / "code/score.py").write_text(FAILING)
    mended = f"environment_variables: {{MENDED: {folder}/mended}}\n"
    mended += "settings: {mini_batch_size: 1, retry_settings: {max_retries: 1}}"
    workspace.edit("specs.yml", "settings: {mini_batch_size: 2}", mended)
    workspace.bep("apply", "-y")
    asked = ("run", "job.yml", "--set", f"output_format={form}")
    workspace.bep(*asked, "--name", "here")
    workspace.bep(*asked, "--name", "nightly", "--prepare", "--share", str(make(folder / "share")))
    found = scored_elsewhere(folder / ".bep/jobs/here", folder / ".bep/jobs/nightly")
    assert found.here.counts.failed == 1
    found.cut(1, 4)
    said = workspace.bep("job", "merge", "nightly").stdout
    assert "job nightly Completed: 4 scored, 1 failed" in said
    (folder / "mended").touch()
    assert "5 scored, 0 failed" in workspace.bep("job", "retry", "nightly").stdout
    workspace.bep("job", "retry", "here")
    merged, here = found.now, read(JobFolder(folder / ".bep/jobs/here"))
    assert merged.output_file is not None
    assert here.output_file is not None
    assert merged.output_file.read_bytes() == here.output_file.read_bytes()


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def scored_elsewhere(here: Path, nightly: Path) -> Scored:
    record = read(JobFolder(nightly))
    return Scored(read(JobFolder(here)), record, share_at(record.share, nightly), nightly)
