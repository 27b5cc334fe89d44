"""A job that is gone on with never mixes in inputs that changed since it listed them, unless it is told to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bep.conftest import FILES, Workspace, surroundings, write
from tests.fixtures.commit_2e74deb import lay_out

SCRIPT = """\
import os
import time

def run(mini_batch):
    rows = []
    for path in mini_batch:
        while os.path.basename(path) > "b.txt" and os.path.exists(os.path.join(os.path.dirname(path), "..", "hold")):
            time.sleep(0.01)
        with open(path) as stream:
            rows.append(stream.read())
    return rows
"""


@pytest.fixture
def killed(tmp_path: Path) -> Workspace:
    """Two of five files are scored; then the runner was killed."""
    specs = FILES["specs.yml"].replace("mini_batch_size: 2", "mini_batch_size: 1").replace("count: 2", "count: 1")
    write(tmp_path, {**FILES, "specs.yml": specs, "code/score.py": SCRIPT, "hold": ""})
    workspace = Workspace(tmp_path)
    workspace.bep("apply", "-y")
    running = subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--name", "night"],
        cwd=tmp_path, env=surroundings(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    job = tmp_path / ".bep/jobs/night"
    until = time.monotonic() + 60
    while time.monotonic() < until and (
        not (job / "manifest.stamps").exists()
        or (job / "manifest.stamps").stat().st_size < 13 + 5 * 16
        or sum(file.stat().st_size for file in job.glob("parts/*.rows")) < 3
    ):
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    (tmp_path / "hold").unlink()
    return workspace


def rows(workspace: Workspace) -> list[str]:
    shown = json.loads(workspace.bep("job", "show", "night", "-o", "json").stdout)
    return Path(shown["outputs"]["score"]["file"]).read_text().split()


def test_what_changed_was_removed_or_added_is_named_and_refused_unless_it_is_accepted(killed: Workspace) -> None:
    texts = killed.folder / "texts"
    (texts / "a.txt").write_text("A")  # scored already
    (texts / "d.txt").write_text("DDDDD")
    (texts / "e.txt").unlink()
    (texts / "f.txt").write_text("f")
    for command in (["job", "resume", "night"], ["job", "retry", "night"]):
        refused = killed.bep(*command, expect=1).stderr
        assert f"2 changed: {texts}/a.txt, {texts}/d.txt; 1 removed: {texts}/e.txt; 1 added: {texts}/f.txt" in refused
        assert "--accept-changed-inputs" in refused
    (texts / "e.txt").write_text("eeeee")
    killed.bep("job", "resume", "night", "--accept-changed-inputs")
    assert rows(killed) == ["a", "bb", "ccc", "DDDDD", "eeeee"]
    shown = json.loads(killed.bep("job", "show", "night", "-o", "json").stdout)
    assert any("which was accepted: 3 changed" in warning for warning in shown["warnings"])


def test_the_same_size_at_another_time_is_a_change(killed: Workspace) -> None:
    (killed.folder / "texts/d.txt").write_text("DDDD")
    assert "1 changed" in killed.bep("job", "resume", "night", expect=1).stderr


@pytest.mark.parametrize("left", [13 + 16, 5, 0])
def test_what_a_killed_runner_had_not_noted_yet_is_compared_with_the_time_of_the_list(
    killed: Workspace, left: int
) -> None:
    stamps = killed.folder / ".bep/jobs/night/manifest.stamps"
    stamps.write_bytes(stamps.read_bytes()[:left])
    changed = killed.folder / "texts/d.txt"
    about = changed.stat()
    changed.write_text("DDDD")
    os.utime(changed, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert f"1 changed: {changed}" in killed.bep("job", "resume", "night", expect=1).stderr
    killed.bep("job", "resume", "night", "--accept-changed-inputs")
    assert rows(killed) == ["a", "bb", "ccc", "DDDD", "eeeee"]


def test_what_is_as_it_was_goes_on(killed: Workspace) -> None:
    killed.bep("job", "resume", "night")
    assert rows(killed) == ["a", "bb", "ccc", "dddd", "eeeee"]


def test_a_job_with_nothing_left_to_score_ends_whatever_became_of_its_inputs(killed: Workspace) -> None:
    killed.bep("job", "resume", "night")
    record = killed.folder / ".bep/jobs/night/job.json"
    told = json.loads(record.read_text())
    Path(told["output_file"]).unlink()
    record.write_text(json.dumps({**told, "status": "Running", "finished": None}))  # killed before it published
    (killed.folder / "texts/d.txt").write_text("changed")
    killed.bep("job", "resume", "night")
    assert rows(killed) == ["a", "bb", "ccc", "dddd", "eeeee"]


def test_after_destroy_it_says_what_to_apply(killed: Workspace) -> None:
    killed.bep("destroy", "-y", "--allow", "delete-with-jobs")
    refused = killed.bep("job", "resume", "night", expect=4).stderr
    assert "night scores with deployment/letters/blue, which is not there any more" in refused
    assert "bep apply --target deployment/letters/blue" in refused


def test_a_job_that_noted_no_times_is_finished_with_a_warning(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    assert "did not note sizes and times" in kept.bep("job", "resume", "half-csv").stdout


def test_a_secret_of_a_variable_is_given_again(tmp_path: Path) -> None:
    variables = "variables:\n  token: {type: string, sensitive: true}\n"
    specs = FILES["specs.yml"] + "environment_variables: {TOKEN: '${{ var.token }}'}\n"
    script = "import os\ndef run(mini_batch): return [os.environ['TOKEN'] for p in mini_batch if p > '~' or HERE]\n"
    script = script.replace("p > '~' or HERE", "os.path.exists(os.path.dirname(os.path.dirname(p)) + '/mended')")
    write(tmp_path, {**FILES, "bep.yml": FILES["bep.yml"] + variables, "specs.yml": specs, "code/score.py": script})
    workspace = Workspace(tmp_path)
    workspace.bep("apply", "-y", "--var", "token=s3cr3t-1")
    workspace.bep("run", "job.yml", "--name", "night", "--var", "token=s3cr3t-1", expect=1)
    (tmp_path / "mended").touch()
    workspace.bep("job", "retry", "night", expect=3)
    workspace.bep("job", "retry", "night", "--var", "token=s3cr3t-1")
    assert rows(workspace) == ["s3cr3t-1"] * 5
