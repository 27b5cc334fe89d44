"""A job that cannot be what was asked for: refused before it exists, with what may have been meant, nothing left."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace

DATA = "---\nkind: data\nname: mnist\nversion: 1\npath: texts\n"


@pytest.fixture
def asked(applied: Workspace) -> Callable[..., str]:
    """What `bep run` says as it refuses; nothing of a job may be there then, nor of its output."""
    azureml = applied.folder / ".bep/cloud/datastores/workspaceblobstore/azureml"

    def run(*arguments: str, code: int) -> str:
        done = applied.bep("run", "-e", "letters", *arguments, expect=code)
        assert [*(applied.folder / ".bep/jobs").glob("*")] == []
        assert not azureml.exists()
        return done.stderr

    return run


def test_a_mistyped_input_names_what_is_near(applied: Workspace, asked: Callable[..., str]) -> None:
    specs = applied.folder / "specs.yml"
    specs.write_text(specs.read_text() + DATA)
    applied.bep("apply", "-y")
    assert "Did you mean 'texts'?" in asked("-i", "txts", code=3)
    assert "Did you mean 'texts/a.txt'?" in asked("-i", "text/a.txt", code=3)
    assert "Did you mean './texts/a.txt'" in asked("-i", "./texts/aa.txt", code=3)
    assert "Did you mean 'azureml:mnist:1'?" in asked("-i", "mnits", code=3)
    assert "there is data/mnist/1" in asked("-i", "azureml:mnits:1", code=3)
    store = "azureml://datastores/workspaceblobstore/paths"
    (applied.folder / ".bep/cloud/datastores/workspaceblobstore/images").mkdir(parents=True)
    assert f"Did you mean '{store}/images'?" in asked("-i", f"{store}/imges", code=3)


def test_inputs_without_a_file_to_score_are_refused(applied: Workspace, asked: Callable[..., str]) -> None:
    (applied.folder / "bare/deep").mkdir(parents=True)
    (applied.folder / "gone").symlink_to("nowhere")
    os.mkfifo(applied.folder / "pipe")
    assert "texts/*.png: no files there" in asked("-i", "texts/*.png", code=3)
    assert "bare: no files there" in asked("-i", "bare", code=3)
    assert "a symbolic link to nowhere, which does not exist" in asked("-i", "gone", code=3)
    assert "neither a file nor a folder" in asked("-i", "pipe", code=3)


def test_what_is_wrong_deep_in_an_input_is_refused_when_it_is_listed(
    applied: Workspace, asked: Callable[..., str]
) -> None:
    os.mkfifo(applied.folder / "texts/pipe")
    assert "texts/pipe: neither a file nor a folder" in asked("-i", "texts", code=1)
    (applied.folder / "texts/pipe").unlink()
    (applied.folder / "texts/up").symlink_to("..")
    assert "a symbolic link to one of its own parent folders" in asked("-i", "texts", code=1)


def test_an_address_that_is_not_there_is_refused(asked: Callable[..., str]) -> None:
    assert "cannot be fetched" in asked("-i", "http://127.0.0.1:9/x.txt", code=1)


def test_a_taken_output_is_refused_and_stays(applied: Workspace, asked: Callable[..., str]) -> None:
    (applied.folder / "out").mkdir()
    (applied.folder / "out/predictions.csv").write_text("precious")
    said = asked("-i", "texts", "--output-path", "out", code=1)
    assert "out/predictions.csv exists already and is never overwritten: choose another" in said
    assert (applied.folder / "out/predictions.csv").read_text() == "precious"
    assert "is a file, and the output needs a folder" in asked("-i", "texts", "--output-path", "bep.yml", code=1)


def test_names_of_endpoints_deployments_and_fields_are_near(asked: Callable[..., str]) -> None:
    assert "did you mean blue?" in asked("-d", "bleu", "-i", "texts", code=5)
    assert "did you mean letters?" in asked("-e", "leters", "-i", "texts", code=5)
    assert "Did you mean 'mini_batch_size'?" in asked("-i", "texts", "--set", "mini_batch_sze=1", code=3)


@pytest.mark.parametrize(
    ("script", "status", "advice"),
    [
        ("", "Completed", "choose another name, or remove that one with its output: `bep job delete mine`"),
        (
            "def run(mini_batch):\n    raise ValueError\n",
            "Failed",
            "`bep job resume mine` goes on with that one",
        ),
    ],
)
def test_a_taken_name_is_refused_in_words_that_fit_the_job(
    applied: Workspace, script: str, status: str, advice: str
) -> None:
    if script:
        (applied.folder / "code/score.py").write_text(script)
        applied.bep("apply", "-y")
    applied.bep("run", "job.yml", "--name", "mine", expect=1 if script else 0)
    before = (applied.folder / ".bep/jobs/mine/job.json").read_bytes()
    for more in ((), ("--dry-run",)):
        said = applied.bep("run", "job.yml", "--name", "mine", *more, expect=1).stderr
        assert f"there is a job mine already, which is {status}" in said
        assert advice in said
    assert (applied.folder / ".bep/jobs/mine/job.json").read_bytes() == before
    assert [path.name for path in Path(applied.folder, ".bep/jobs").iterdir()] == ["mine"]
