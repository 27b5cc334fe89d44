"""`bep run --dry-run`: what would happen, and that nothing does."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace, write

CONDA = 'environment: {name: built, version: 1, image: python, conda_file: {dependencies: ["numpy>=1.2"]}}'


@pytest.fixture
def applied(workspace: Workspace) -> Workspace:
    """The small workspace, applied, with a variable that nobody should see."""
    workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, environment_variables: {KEY: hidden}}")
    workspace.bep("apply", "--auto-approve")
    return workspace


def test_the_resolved_job_says_who_decided_each_setting(applied: Workspace, golden: Callable[[str, str], None]) -> None:
    (applied.folder / "job.yml").write_text(
        (applied.folder / "job.yml").read_text() + "settings: {retry_settings: {max_retries: 1}}\n"
    )
    before = sorted(applied.folder.rglob("*"))
    done = applied.bep("run", "job.yml", "--dry-run", "-m", "3", "--set", "retry_settings.timeout=5")
    assert sorted(applied.folder.rglob("*")) == before
    text = done.stdout.replace(str(applied.folder), "FOLDER").replace(sys.executable, "PYTHON")
    golden("bep/dry_run.txt", text)
    assert "hidden" not in text


def test_partition_keys_make_mini_batches_of_their_own(applied: Workspace) -> None:
    applied.edit("specs.yml", "mini_batch_size: 2,", "partition_keys: [vowel],")
    for name, vowel in {"a": "yes", "b": "no", "e": "yes"}.items():
        (applied.folder / "texts" / f"vowel={vowel}").mkdir(exist_ok=True)
        (applied.folder / "texts" / f"{name}.txt").rename(applied.folder / "texts" / f"vowel={vowel}" / f"{name}.txt")
    applied.bep("apply", "--auto-approve")
    refused = applied.bep("run", "job.yml", "--dry-run", expect=1).stderr
    assert "2 of the input files lie in no folders named vowel=..." in refused
    assert "leave mini_batch_size out" in applied.bep("run", "job.yml", "-m", "3", expect=3).stderr
    given = ["--input", "texts/vowel=*"]
    said = applied.bep("run", "job.yml", "--dry-run", *given).stdout
    assert "3 files in 2 mini-batches of the same keys, 2 workers" in said
    assert "partition_keys                vowel" in said
    assert "mini_batch_size" not in said
    done = applied.bep("run", "job.yml", *given, "--set", "partition_format=vowel={vowel}/*", "--output-path", "out")
    assert "3 files with letters/blue, 2 workers, 2 mini-batches by vowel" in done.stderr
    assert (applied.folder / "out/predictions.csv").read_text().splitlines() == ["b.txt 2", "a.txt 1", "e.txt 0"]
    fix = applied.bep("run", "job.yml", "--set", "partition_format={a:yyyy}/*", expect=3).stderr
    assert "names in braces without ':'" in fix


def test_a_machine_reads_the_same(applied: Workspace) -> None:
    found = json.loads(applied.bep("run", "job.yml", "--dry-run", "--json", "--name", "mine").stdout)
    assert (found["items"], found["mini_batches"], found["workers"]) == (5, 3, 2)
    assert found["environment"]["state"] == "own"
    assert found["settings"]["mini_batch_size"] == {"value": 2, "from": "deployment"}
    assert found["settings"]["bisect"] == {"value": True, "from": "default"}
    assert found["output"]["file"].endswith("/azureml/mine/score/predictions.csv")
    assert found["environment_variables"] == {"KEY": "deployment"}


def test_an_environment_that_is_not_there_is_named_and_not_built(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "environment: {name: plain, version: 1, image: python}", CONDA)
    workspace.bep("apply", "--auto-approve")
    said = workspace.bep("run", "job.yml", "--dry-run").stdout
    assert "built/1, would be built with Python 3" in said
    assert "numpy>=1.2" in said
    assert not Path(os.environ["XDG_CACHE_HOME"], "bep").exists()


def test_what_would_stop_the_job_is_said_and_fails(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "first", "--output-path", "here")
    refused = applied.bep("run", "job.yml", "--dry-run", "--name", "first", "--output-path", "here", expect=1)
    assert "there is a job first already" in refused.stderr
    assert "predictions.csv exists already and is never overwritten" in refused.stderr
    assert "nowhere" in applied.bep("run", "job.yml", "--dry-run", "--input", "nowhere", expect=3).stderr


def test_a_url_is_one_file_that_would_be_fetched(applied: Workspace) -> None:
    arguments = ("run", "job.yml", "--dry-run", "-i", "http://localhost:1/a.csv", "-i", "texts")
    found = json.loads(applied.bep(*arguments, "--json").stdout)
    assert (found["items"], found["mini_batches"], found["remote_inputs"]) == (6, 3, 1)
    said = applied.bep(*arguments).stdout
    assert "6 files in 3 mini-batches of 2, 2 workers; 1 input would be fetched first\n" in said


def test_a_store_is_listed_and_nothing_is_fetched(workspace: Workspace) -> None:
    pytest.importorskip("fsspec", reason="the environment has no fsspec")
    bucket = workspace.folder / "bucket"
    write(bucket, {"in/a.txt": "a", "in/deep/b.txt": "b", "in/c.txt": "c"})
    write(
        workspace.folder,
        {
            "store.yml": f"kind: datastore\nname: far\ntype: fsspec\nurl: 'local://{bucket}'\n",
            "data.yml": "kind: data\nname: texts\nversion: 1\npath: azureml://datastores/far/paths/in\n",
        },
    )
    workspace.edit("bep.yml", "specs.yml", "store.yml, data.yml, specs.yml")
    workspace.bep("apply", "--auto-approve")
    before = sorted(workspace.folder.rglob("*"))
    arguments = ("run", "-e", "letters", "-i", "azureml:texts:1", "-i", "azureml://datastores/far/paths/in/a.txt")
    found = json.loads(workspace.bep(*arguments, "--dry-run", "--json").stdout)
    assert (found["items"], found["mini_batches"], found["remote_inputs"]) == (4, 2, 2)
    assert sorted(workspace.folder.rglob("*")) == before
    wrong = workspace.bep("run", "-e", "letters", "-i", "azureml://datastores/far/paths/no", "--dry-run", expect=1)
    assert "no such file or folder there" in wrong.stderr
    workspace.bep(*arguments)  # and the job has as many as were counted
    assert json.loads(workspace.bep("job", "list", "-o", "json").stdout)[0]["counts"]["scored"] == 4


def test_files_that_are_registered_are_counted_without_a_copy(workspace: Workspace) -> None:
    (workspace.folder / "data.yml").write_text("kind: data\nname: texts\nversion: 1\npath: ./texts\n")
    workspace.edit("bep.yml", "specs.yml", "data.yml, specs.yml")
    workspace.bep("apply", "--auto-approve")
    before = sorted(workspace.folder.rglob("*"))
    found = json.loads(workspace.bep("run", "-e", "letters", "-i", "azureml:texts:1", "--dry-run", "--json").stdout)
    assert (found["items"], found["remote_inputs"]) == (5, 0)
    assert sorted(workspace.folder.rglob("*")) == before
