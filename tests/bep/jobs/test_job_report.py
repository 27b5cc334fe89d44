"""The page that a job leaves, as a user finds it."""

import json
import os

from tests.bep.conftest import Workspace

FAILING = """
import os

def run(mini_batch):
    if any("bad" in path for path in mini_batch):
        raise ValueError("cannot read " + [path for path in mini_batch if "bad" in path][0])
    return [os.path.basename(path) for path in mini_batch]
"""


def test_every_job_leaves_its_report(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    done = workspace.bep("run", "job.yml", "--name", "drawn")
    page = workspace.folder / ".bep/jobs/drawn/report.html"
    assert f"report: {page}" in done.stderr
    assert "<svg" in page.read_text()
    page.unlink()
    assert workspace.bep("job", "report", "drawn").stdout == f"{page}\n"
    assert page.exists()
    told = json.loads(workspace.bep("job", "report", "drawn", "-o", "json").stdout)
    assert (told["report"], told["status"]) == (str(page), "Completed")
    assert "drawm" in workspace.bep("job", "report", "drawm", expect=1).stderr


def test_a_name_that_is_no_text_breaks_neither_page_nor_record_nor_terminal(workspace: Workspace) -> None:
    with open(os.fsencode(workspace.folder / "texts") + b"/bad\xff.txt", "w") as file:  # noqa: PTH123 - bytes
        file.write("x")
    (workspace.folder / "code/score.py").write_text(FAILING)
    workspace.bep("apply", "--auto-approve")
    done = workspace.bep("run", "job.yml", "--name", "odd", "--set", "retry_settings.max_retries=1")
    assert "bad\\udcff.txt" in done.stdout
    assert workspace.bep("job", "show", "odd", "--query", "counts.failed", "-o", "tsv").stdout == "1\n"
    assert "bad\\udcff.txt" in (workspace.folder / ".bep/jobs/odd/report.html").read_text()
    assert json.loads(workspace.bep("job", "show", "odd", "-o", "json").stdout)["failures"]
    assert "Completed" in workspace.bep("job", "list").stdout


def test_a_report_that_cannot_be_written_is_only_a_warning(workspace: Workspace) -> None:
    workspace.bep("apply", "--auto-approve")
    (workspace.folder / ".bep/jobs/blocked/report.html").mkdir(parents=True)
    done = workspace.bep("run", "job.yml", "--name", "blocked")
    assert "report could not be drawn" in done.stderr
    assert "Completed" in done.stdout
