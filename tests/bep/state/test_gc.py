"""What nothing refers to is shown, then freed; what an object, a state or a job may need stays, whoever is killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.disk.copying import digest
from bep.providers.local.unreferenced import in_use
from tests.bep.conftest import FILES, Workspace, surroundings, write
from tests.runner.inputs.servers import Server, served

DYING = """\
import os, signal, sys

REMOVING = ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree")
seen = 0

def die(event, arguments):
    global seen
    if event in REMOVING and any("/content/" in str(one) or "/trees" in str(one) or "/downloads/" in str(one)
                                 for one in arguments):
        seen += 1
        if seen == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
from bep.cli import run
sys.exit(run(["gc", "--auto-approve"]))
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as state:
        yield state


def stored(workspace: Workspace) -> set[str]:
    found = (workspace.folder / ".bep/cloud/content").glob("*/*")
    return {file.parent.name + file.name for file in found}


def files_of(workspace: Workspace) -> set[str]:
    return {digest(workspace.folder / name) for name in ("model/letters.txt", "code/score.py")}


def downloaded(workspace: Workspace) -> list[Path]:
    downloads = workspace.folder / ".bep/cache/downloads"
    return [path for path in downloads.rglob("*") if path.is_file() and path.name != "lock"]


def change(workspace: Workspace) -> str:
    """Apply another script; the digest of the one before."""
    before = digest(workspace.folder / "code/score.py")
    workspace.edit("code/score.py", "    rows = []\n", "    rows = []  # another\n")
    workspace.bep("apply", "-y")
    return before


def test_what_is_applied_stays_and_what_it_replaced_is_freed_after_asking(applied: Workspace) -> None:
    assert applied.bep("gc").stdout == "Nothing to free: all is referred to.\n"
    before = change(applied)
    everything = stored(applied)
    assert "1 stored file, 0.0 MB" in applied.bep("gc", "--dry-run").stdout
    assert "--auto-approve" in applied.bep("gc", expect=1).stderr
    assert stored(applied) == everything == files_of(applied) | {before}
    told = applied.bep("gc", "--auto-approve", "--json")
    assert "bep rollback" in told.stderr
    found = json.loads(told.stdout)
    assert [one["what"] for one in found["unreferenced"]] == ["stored file"]
    assert found["bytes"] == found["unreferenced"][0]["bytes"] > 0
    assert stored(applied) == files_of(applied)
    assert "All 2 stored files are intact." in applied.bep("state", "repair").stdout


def test_all_goes_when_all_is_destroyed_and_comes_again_with_the_next_apply(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "first")
    output = Path(json.loads(applied.bep("job", "show", "first", "-o", "json").stdout)["output_file"])
    applied.bep("destroy", "-y")
    applied.bep("gc", "-y")
    assert stored(applied) == set()
    assert len(output.read_text().splitlines()) == 5  # outputs are the user's
    applied.bep("apply", "-y")
    assert stored(applied) == files_of(applied)


def test_nothing_is_freed_where_the_catalog_is_lost_or_damaged(applied: Workspace) -> None:
    catalog = applied.folder / ".bep/cloud/catalog.sqlite"
    whole = catalog.read_bytes()
    catalog.write_bytes(whole[:2000])
    applied.bep("gc", "-y", expect=5)
    catalog.unlink()
    applied.bep("gc", "-y")  # the state knows what there was
    assert stored(applied) == files_of(applied)


def test_who_has_no_state_is_told_so(workspace: Workspace) -> None:
    assert "no state yet" in workspace.bep("gc", expect=1).stderr
    assert not (workspace.folder / ".bep/cloud").exists()


def test_what_a_job_needs_stays_while_it_runs_and_as_long_as_it_could_go_on(applied: Workspace) -> None:
    slow, script = applied.folder / "slow", applied.folder / "code/score.py"
    slow.touch()
    waiting = f"    while os.path.exists({str(slow)!r}):\n        __import__('time').sleep(0.01)\n    rows = []\n"
    script.write_text(script.read_text().replace("    rows = []\n", waiting))
    data = "---\nkind: data\nname: words\nversion: 1\ntype: uri_folder\npath: texts\n"
    (applied.folder / "specs.yml").write_text(FILES["specs.yml"] + data)
    (applied.folder / "job.yml").write_text(FILES["job.yml"].replace("path: texts", "path: azureml:words:1"))
    applied.bep("apply", "-y")
    applied.bep("gc", "-y")
    everything = stored(applied)
    assert len(everything) == 7
    with subprocess.Popen(
        [sys.executable, "-m", "bep", "run", "job.yml", "--name", "slow"],
        cwd=applied.folder, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as runner:  # fmt: skip
        while not any((applied.folder / ".bep/jobs/slow/parts").glob("*.journal")):
            assert runner.poll() is None
            time.sleep(0.01)
        (applied.folder / "specs.yml").write_text(FILES["specs.yml"])
        applied.bep("destroy", "-y", "--target", "data/words/1")
        kept = applied.bep("gc", "-y")
        assert "Kept for jobs that could go on: slow" in kept.stderr
        assert stored(applied) == everything
        runner.send_signal(signal.SIGKILL)
    applied.bep("gc", "-y")
    assert stored(applied) == everything
    slow.unlink()
    applied.bep("job", "resume", "slow")
    applied.bep("gc", "-y")
    assert stored(applied) == files_of(applied)


def test_nothing_is_freed_while_a_job_is_about_to_begin(applied: Workspace) -> None:
    change(applied)
    everything = stored(applied)
    with in_use(applied.folder / ".bep/cloud", applied.folder) as let_go:
        refused = applied.bep("gc", "-y", expect=4)
        assert "a job is about to begin" in refused.stderr
        assert stored(applied) == everything
        let_go()
        applied.bep("gc", "-y")
    assert stored(applied) == files_of(applied)


def test_nothing_is_freed_while_an_apply_runs(applied: Workspace) -> None:
    from bep.providers.state.locking import acquire

    change(applied)
    everything = stored(applied)
    with acquire(applied.folder / ".bep/state.json", operation="bep apply", since="2026-01-01T00:00:00Z"):
        assert "bep apply" in applied.bep("gc", "-y", expect=4).stderr
    assert stored(applied) == everything


def test_downloads_go_but_for_those_of_what_is_applied(applied: Workspace, server: Server) -> None:
    once, again = server.put("/once.txt", b"aaa", etag='"1"'), server.put("/again.txt", b"bbb", etag='"2"')
    data = f"---\nkind: data\nname: words\nversion: 1\ntype: uri_file\npath: {again}\n"
    (applied.folder / "specs.yml").write_text(FILES["specs.yml"] + data)
    applied.bep("apply", "-y")
    job = "kind: job\nendpoint: letters\ninputs: {{texts: {{type: uri_file, path: {}}}}}\n"
    for path in (once, "azureml:words:1"):
        (applied.folder / "job.yml").write_text(job.format(json.dumps(path)))
        applied.bep("run", "job.yml")
    (found,) = json.loads(applied.bep("gc", "--dry-run", "--json").stdout)["unreferenced"]
    assert (found["what"], Path(found["place"]).parent.name) == ("download", "downloads")
    applied.bep("gc", "-y")
    left = [path.read_bytes() for path in downloaded(applied) if path.parent.name == "files"]
    assert left == [b"bbb"]
    (applied.folder / "job.yml").write_text(job.format(json.dumps(once)))
    applied.bep("run", "job.yml")  # fetched again


def test_killed_between_any_two_steps_it_leaves_what_is_needed_and_the_rest_to_the_next(
    applied: Workspace, server: Server
) -> None:
    url = server.put("/a.txt", b"aaa", etag='"1"')
    job = FILES["job.yml"].replace("uri_folder, path: texts", f"uri_file, path: {url}")
    (applied.folder / "job.yml").write_text(job)
    applied.bep("run", "job.yml")
    (applied.folder / "job.yml").write_text(FILES["job.yml"])
    change(applied)
    content = applied.folder / ".bep/cloud/content"
    (content / "ab").mkdir(exist_ok=True)
    (content / "ab" / f".{'0' * 62}.0123456789ab").write_text("half a copy")
    tree = applied.folder / f".bep/cloud/trees/{'a' * 64}"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep/file").write_text("of an earlier bep")
    killed = 0
    for number in range(1, 40):
        done = subprocess.run(
            [sys.executable, "-c", DYING, str(number)],
            cwd=applied.folder,
            env=surroundings(),
            capture_output=True,
            check=False,
        )
        assert files_of(applied) <= stored(applied)
        if done.returncode != -signal.SIGKILL:
            break
        killed += 1
    assert done.returncode == 0, done.stderr
    assert killed >= 5
    assert stored(applied) == files_of(applied)
    assert downloaded(applied) == []
    assert not tree.exists()
    assert list((applied.folder / ".bep/cloud/trees").iterdir()) == []
    applied.bep("run", "job.yml")


def test_what_a_job_of_another_workspace_in_the_same_world_needs_stays(applied: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    bep_yml = FILES["bep.yml"].replace(
        "provider: {local: {", f"provider: {{local: {{path: {applied.folder}/.bep/cloud, "
    )
    write(other.folder, {**FILES, "bep.yml": bep_yml, "code/score.py": "def run(mini_batch):\n    raise ValueError\n"})
    other.bep("import", "--all")
    other.bep("apply", "--auto-approve")
    failed = other.bep("run", "job.yml", "--name", "theirs", expect=None)
    assert failed.returncode == 1
    needed = digest(other.folder / "code/score.py")
    change(applied)
    shown = applied.bep("gc", "--auto-approve")
    assert f"theirs of {other.folder}" in shown.stderr
    assert needed in stored(applied)
    other.bep("job", "delete", "theirs", "--auto-approve")
    applied.bep("gc", "--auto-approve")
    assert needed not in stored(applied)


def test_where_nobody_can_be_asked_only_what_is_possible_is_advised(applied: Workspace) -> None:
    change(applied)
    assert applied.bep("gc", expect=1).stderr.endswith("there is no terminal to ask on: say --auto-approve\n")
    applied.edit("specs.yml", "max_instances: 2", "max_instances: 3")
    assert "say --auto-approve, or apply a plan file made with `plan -o`" in applied.bep("apply", expect=1).stderr
