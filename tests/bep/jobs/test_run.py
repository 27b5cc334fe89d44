"""`bep run` and `bep job` as a user types them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace

OUTPUT = ".bep/cloud/datastores/workspaceblobstore/azureml/{}/score/predictions.csv"


@pytest.fixture
def applied(workspace: Workspace) -> Workspace:
    """The small workspace, applied."""
    workspace.bep("apply", "--auto-approve")
    return workspace


def _failed(applied: Workspace, script: str) -> subprocess.CompletedProcess[str]:
    (applied.folder / "code/score.py").write_text(script)
    applied.bep("apply", "--auto-approve")
    return applied.bep("run", "job.yml", "--name", "broken", "--set", "retry_settings.max_retries=0", expect=1)


def test_a_job_scores_every_file_in_input_order(applied: Workspace) -> None:
    done = applied.bep("run", "job.yml", "--name", "first")
    rows = (applied.folder / OUTPUT.format("first")).read_text()
    assert rows == "a.txt 1\nb.txt 2\nc.txt 3\nd.txt 0\ne.txt 0\n"
    assert "job first Completed: 5 scored, 0 failed" in done.stdout
    assert json.loads(applied.bep("job", "list", "-o", "json").stdout)[0]["status"] == "Completed"
    assert applied.bep("job", "show", "first", "--query", "counts.scored", "-o", "tsv").stdout == "5\n"
    assert "Execution Summary" in applied.bep("job", "stream", "first").stdout


def test_flags_say_the_same_as_a_file(applied: Workspace) -> None:
    applied.bep(
        "run", "--endpoint", "letters", "--input", "texts/[ab].txt", "--output-path", "here",
        "--output-file-name", "mine.csv", "--mini-batch-size", "1", "--instance-count", "1", "--name", "flags",
    )  # fmt: skip
    assert (applied.folder / "here/mine.csv").read_text() == "a.txt 1\nb.txt 2\n"


def test_an_output_that_exists_is_refused_before_any_work(applied: Workspace) -> None:
    arguments = ("run", "job.yml", "--output-path", "here")
    applied.bep(*arguments, "--name", "one")
    before = (applied.folder / "here/predictions.csv").read_bytes()
    refused = applied.bep(*arguments, "--name", "two", expect=1)
    assert "predictions.csv" in refused.stdout + refused.stderr
    assert (applied.folder / "here/predictions.csv").read_bytes() == before


def test_what_is_not_there_is_named_with_the_nearest(applied: Workspace) -> None:
    assert "letters" in applied.bep("run", "--endpoint", "leters", "--input", "texts", expect=5).stderr
    assert "blue" in applied.bep("run", "job.yml", "--deployment", "bleu", expect=5).stderr
    assert "nowhere" in applied.bep("run", "job.yml", "--input", "nowhere", expect=3).stderr


@pytest.mark.parametrize(
    ("script", "telling"),
    [
        (
            "def init():\n    raise ValueError('no weights here')\n\ndef run(mini_batch):\n    return []\n",
            "no weights here",
        ),
        ("def init():\n    pass\n\ndef run(mini_batch):\n    return [1 / 0]\n", "ZeroDivisionError"),
    ],
)
def test_a_broken_script_shows_its_own_traceback(applied: Workspace, script: str, telling: str) -> None:
    done = _failed(applied, script)
    said = done.stdout + done.stderr
    assert telling in said
    assert 'score.py", line' in said
    assert "bug in bep" not in said


def test_a_script_that_never_returns_is_killed(applied: Workspace) -> None:
    (applied.folder / "code/score.py").write_text("def run(mini_batch):\n    while True:\n        pass\n")
    applied.bep("apply", "--auto-approve")
    done = applied.bep(
        "run", "job.yml", "--name", "hangs", "--input", "texts/a.txt",
        "--set", "retry_settings.timeout=1", "--set", "retry_settings.max_retries=0", expect=1,
    )  # fmt: skip
    assert "1 s" in done.stdout + done.stderr
    assert Path(applied.folder / ".bep/jobs/hangs/failed_items.jsonl").read_text().count("a.txt") >= 1
