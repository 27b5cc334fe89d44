"""What is stored is never handed out: a script may write into all that it is given, and only its own job sees it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bep.disk.copying import digest
from tests.bep.conftest import FILES, Workspace, surroundings

FORGER = """\
import os

def forge(path):
    times = os.stat(path)
    os.chmod(path, 0o600)  # so that it is no matter whether this is root
    with open(path, "r+b") as stream:
        stream.write(b"FORGED")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

def run(mini_batch):
    model = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "letters.txt")
    code = os.path.join(os.path.dirname(os.path.abspath(__file__)), "beside.txt")
    rows = []
    for path in mini_batch:
        read = [open(name).read() for name in (model, code, path)]
        rows.append(" ".join(read))
    for path in (model, code, *mini_batch):
        forge(path)
    return rows
"""

DATA = "---\nkind: data\nname: words\nversion: 1\ntype: uri_folder\npath: texts\n"

FORGING: Mapping[str, str] = {
    **{name: text for name, text in FILES.items() if not name.startswith("texts/")},
    "specs.yml": FILES["specs.yml"].replace("mini_batch_size: 2", "mini_batch_size: 10") + DATA,
    "code/score.py": FORGER,
    "code/beside.txt": "beside",
    "model/letters.txt": "letters",
    "job.yml": "kind: job\nendpoint: letters\ninputs: {texts: {type: uri_folder, path: azureml:words:1}}\n",
    "texts/a.txt": "word-a",
    "texts/b.txt": "word-b",
}
RIGHT = "letters beside word-a\nletters beside word-b\n"

Make = Callable[[Mapping[str, str]], Workspace]


def stored(workspace: Workspace) -> dict[str, str]:
    """The digest that each stored file has, by the one that it is stored under."""
    files = (workspace.folder / ".bep/cloud/content").glob("*/*")
    return {file.parent.name + file.name: digest(file) for file in files}


def rows(workspace: Workspace, job: str) -> str:
    record = json.loads(workspace.bep("job", "show", job, "-o", "json").stdout)
    return Path(record["outputs"]["score"]["file"]).read_text()


def copies(workspace: Workspace) -> list[Path]:
    jobs = (workspace.folder / ".bep/jobs").glob("*")
    return [left for job in jobs for left in (*job.glob("assets"), *job.glob(".going-*"))]


def test_a_script_that_writes_into_all_it_is_given_changes_nothing_for_the_next_job(make_workspace: Make) -> None:
    workspace = make_workspace(FORGING)
    workspace.bep("apply", "-y")
    workspace.bep("run", "job.yml", "--sample", "2")
    for job in ("one", "two"):
        workspace.bep("run", "job.yml", "--name", job)
        assert rows(workspace, job) == RIGHT
    kept = stored(workspace)
    assert len(kept) == 5
    assert all(name == found for name, found in kept.items())
    assert copies(workspace) == []
    assert not (workspace.folder / ".bep/cloud/trees").exists()
    assert (workspace.folder / "texts/a.txt").read_text() == "word-a"


def test_links_are_given_where_they_are_asked_for_and_said_once(make_workspace: Make) -> None:
    share = FILES["bep.yml"].replace("{python:", "{share: link, python:")
    workspace = make_workspace({**FORGING, "bep.yml": share})
    workspace.bep("apply", "-y")
    first = workspace.bep("run", "job.yml", "--name", "one")
    assert "provider.local.share is link" in first.stderr
    assert rows(workspace, "one") == RIGHT
    assert any(name != found for name, found in stored(workspace).items())  # the risk that was said
    again = workspace.bep("run", "job.yml", "--name", "two", expect=None)
    assert "provider.local.share is link" not in again.stderr


@pytest.mark.parametrize("what", ["model/letters.txt", "code/score.py"])
def test_forged_bytes_stop_a_job_before_its_work_and_name_the_file_and_the_way_out(
    applied: Workspace, what: str
) -> None:
    place = applied.folder / ".bep/cloud/content" / _place(digest(applied.folder / what))
    times = place.stat()
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().swapcase())
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = applied.bep("run", "job.yml", "--name", "forged", expect=1)
    assert f"the stored bytes of {what.replace('model/', 'model/model/')} were changed" in done.stdout
    assert "next: bep state repair  " in done.stdout
    record = json.loads(applied.bep("job", "show", "forged", "-o", "json").stdout)
    assert record["error"]["code"] == "ContentDamaged"
    assert not any((applied.folder / ".bep/jobs/forged/parts").iterdir())  # no worker was started
    place.write_bytes((applied.folder / what).read_bytes())
    applied.bep("job", "resume", "forged")
    assert len(rows(applied, "forged").splitlines()) == 5


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:]}"


def test_the_copies_of_a_killed_job_go_when_another_starts_and_come_again_when_it_goes_on(applied: Workspace) -> None:
    slow = applied.folder / "slow"
    slow.touch()
    script = applied.folder / "code/score.py"
    script.write_text(
        script.read_text().replace(
            "    rows = []\n",
            f"    while os.path.exists({str(slow)!r}):\n        __import__('time').sleep(0.01)\n    rows = []\n",
        )
    )
    (applied.folder / "specs.yml").write_text(FILES["specs.yml"] + DATA)
    (applied.folder / "job.yml").write_text(FILES["job.yml"].replace("path: texts", "path: azureml:words:1"))
    applied.bep("apply", "-y")
    with subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--name", "killed"],
        cwd=applied.folder,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as runner:
        journals = applied.folder / ".bep/jobs/killed/parts"
        while not any(journals.glob("*.journal")):
            assert runner.poll() is None
            time.sleep(0.01)
        runner.send_signal(signal.SIGKILL)
    left = copies(applied)
    assert [path.name for path in left] == ["assets"]
    (left[0] / "model/model/letters.txt").chmod(0o600)
    (left[0] / "model/model/letters.txt").write_text("what a killed script left half")
    slow.unlink()
    applied.bep("run", "job.yml", "--name", "next")
    assert copies(applied) == []
    applied.bep("job", "resume", "killed")
    assert rows(applied, "killed") == rows(applied, "next")
    assert len(rows(applied, "next").splitlines()) == 5
    assert copies(applied) == []
