"""What the file of predictions is called and where it stands, as a user asked for it or did not."""

import json
from pathlib import Path

import pytest

from tests.bep.conftest import Workspace

SCORE = ".bep/cloud/datastores/workspaceblobstore/azureml/{}/score"
INPUTS = "kind: job\nendpoint: letters\ninputs:\n  texts: {type: uri_folder, path: texts}\n"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(
    ("output_format", "name"),
    [("azureml", "csv"), ("csv", "csv"), ("jsonl", "jsonl"), ("parquet", "parquet")],
)
def test_the_name_that_nobody_wrote_has_the_ending_of_its_format(
    applied: Workspace, output_format: str, name: str
) -> None:
    applied.bep("run", "job.yml", "--name", "first", "--output-format", output_format)
    assert names(applied.folder / SCORE.format("first")) == [f"predictions.{name}"]


def test_a_name_that_the_deployment_has_stays(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, output_file_name: mine.txt}")
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--name", "first", "--output-format", "jsonl")
    assert names(workspace.folder / SCORE.format("first")) == ["mine.txt"]


def test_a_name_that_the_job_has_stays(applied: Workspace) -> None:
    arguments = ("--output-format", "jsonl", "--output-file-name", "predictions.csv")
    applied.bep("run", "job.yml", "--name", "first", *arguments)
    assert names(applied.folder / SCORE.format("first")) == ["predictions.csv"]


@pytest.mark.parametrize("path", ["here/mine.csv", "mine.csv", "file://{}/there/mine.csv"])
def test_a_uri_file_is_a_file_at_its_path(applied: Workspace, path: str) -> None:
    path = path.format(applied.folder)
    (applied.folder / "job.yml").write_text(INPUTS + f"outputs:\n  score: {{type: uri_file, path: '{path}'}}\n")
    applied.bep("run", "job.yml", "--name", "first")
    file = Path(path.removeprefix("file://"))
    file = file if file.is_absolute() else applied.folder / file
    assert file.read_text() == "a.txt 1\nb.txt 2\nc.txt 3\nd.txt 0\ne.txt 0\n"
    shown = json.loads(applied.bep("job", "show", "first", "--query", "outputs.score", "-o", "json").stdout)
    assert Path(shown["file"]).name == "mine.csv"


@pytest.mark.parametrize(
    ("output", "telling"),
    [
        ("{type: uri_file, path: here/}", "a uri_file is a file at its path: this names a folder"),
        ("{type: uri_file, path: 's3://bucket'}", "a uri_file is a file at its path: this names a folder"),
        ("{type: uri_file, path: here/a.csv}\nsettings: {output_file_name: b.csv}", "Keep one of the two names"),
    ],
)
def test_a_uri_file_without_a_name_or_with_two_is_a_finding(applied: Workspace, output: str, telling: str) -> None:
    (applied.folder / "job.yml").write_text(INPUTS + f"outputs:\n  score: {output}\n")
    assert telling in applied.bep("run", "job.yml", expect=3).stderr


def test_a_job_that_writes_its_own_files_says_where_they_are(workspace: Workspace) -> None:
    workspace.edit("specs.yml", "{mini_batch_size: 2}", "{mini_batch_size: 2, output_action: summary_only}")
    (workspace.folder / "code/score.py").write_text(
        "import os\n\n\ndef run(mini_batch):\n"
        "    for path in mini_batch:\n"
        "        with open(os.path.join(os.environ['AZUREML_BI_OUTPUT_PATH'], os.path.basename(path)), 'w') as file:\n"
        "            file.write('seen')\n"
        "    return mini_batch\n"
    )
    workspace.bep("apply", "-y")
    done = workspace.bep("run", "job.yml", "--name", "first", "--output-path", "own")
    assert names(workspace.folder / "own") == ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
    said = next(line for line in done.stdout.splitlines() if line.startswith("output: "))
    assert Path(workspace.folder / said.split(" ")[1].rstrip(",")).samefile(workspace.folder / "own")
    assert "own" in workspace.bep("job", "show", "first").stdout
