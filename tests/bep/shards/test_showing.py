"""`bep job show` and `bep job list` of a prepared job: how far each shard is, from here and from elsewhere."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import Counts, JobError, read
from bep.runner.shards.status import State
from tests.bep.conftest import Workspace
from tests.runner.shards.scored_shards import Scored, prepared_from


@pytest.fixture
def nightly(applied: Workspace) -> Scored:
    """A prepared job of five files in mini-batches of two."""
    applied.bep("run", "job.yml", "--name", "here")
    folder = applied.folder
    here = read(JobFolder(folder / ".bep/jobs/here"))
    return prepared_from(here, folder / ".bep/jobs/nightly", folder / "results", str(folder / "share"))


def test_nobody_has_begun(applied: Workspace, nightly: Scored) -> None:
    done = applied.bep("job", "show", "nightly")
    assert "0 of 5 scored, 0 failed" in done.stdout
    assert "nobody has begun" in done.stdout
    assert "nightly: NotStarted, prepared " in done.stdout
    assert "of work" not in done.stdout
    command = f"next: bep run --shard 0/1 --share {applied.folder}/share --name nightly"
    assert f"{command}  (nobody works on items 0 to 4)" in done.stderr
    assert "NotStarted" in applied.bep("job", "list").stdout


def test_each_shard_has_a_line_and_what_nobody_works_on_a_command(applied: Workspace, nightly: Scored) -> None:
    now = datetime.now(UTC)
    before = now - timedelta(hours=2)
    nightly.segment(0, 2)
    nightly.say(0, 3, host="spot-7", time=now)
    nightly.say(1, 3, host="spot-8", state=State.RUNNING, time=now, started=now, every=600, counts=Counts(items=2))
    why = JobError(code="InitFailed", message="no model")
    nightly.say(2, 3, host="spot-9", state=State.FAILED, time=before, error=why)
    done = applied.bep("job", "show", "nightly")
    shown = [line.split() for line in done.stdout.splitlines()]
    assert ["0/3", "0", "to", "1", "2", "0", "0", "done", "spot-7", "00000003", f"{now:%Y-%m-%dT%H:%M:%SZ}"] in shown
    assert ["1/3", "2", "to", "3", "0", "0", "2", "running", "spot-8", "00010003", f"{now:%Y-%m-%dT%H:%M:%SZ}"] in shown
    assert [
        "2/3",
        "4",
        "to",
        "4",
        "0",
        "0",
        "1",
        "failed",
        "spot-9",
        "00020003",
        f"{before:%Y-%m-%dT%H:%M:%SZ}",
    ] in shown
    assert "2 of 5 scored, 0 failed" in done.stdout
    assert "nightly: NotStarted, prepared " in done.stdout
    assert "InitFailed: no model" in done.stdout
    assert "--shard 2/3" in done.stderr
    assert "--shard 1/3" not in done.stderr
    query = ("job", "show", "nightly", "--query", "shards.shards[?state=='failed'].shard", "-o", "json")
    assert json.loads(applied.bep(*query).stdout) == ["2/3"]
    told = json.loads(applied.bep("job", "show", "nightly", "--json").stdout)
    assert (told["name"], told["shards"]["left"], told["shards"]["waiting"]) == ("nightly", 3, [[4, 5]])


def test_when_all_is_scored_the_merge_is_next(applied: Workspace, nightly: Scored) -> None:
    nightly.cut(1)
    assert "next: bep job merge nightly" in applied.bep("job", "show", "nightly").stderr


def test_when_it_is_merged_nothing_is_next(applied: Workspace, nightly: Scored) -> None:
    nightly.cut(1)
    applied.bep("job", "merge", "nightly")
    done = applied.bep("job", "show", "nightly", "--share", "share")
    assert "Completed" in done.stdout
    assert "next:" not in done.stderr


def test_it_is_shown_where_it_was_not_prepared(applied: Workspace, nightly: Scored) -> None:
    nightly.segment(0, 2)
    other = applied.folder / "other"
    other.mkdir()
    (other / "bep.yml").write_text("workspace: ci\nspecs: []\n")
    done = Workspace(other).bep("job", "show", "nightly", "--share", "../share")
    assert "2 of 5 scored, 0 failed" in done.stdout
    said = Workspace(other).bep("job", "show", "nigthly", "--share", "../share", expect=1).stderr
    assert "has no prepared job nigthly; it has nightly" in said


def test_a_share_that_is_gone_is_said_and_the_rest_is_shown(applied: Workspace, nightly: Scored) -> None:
    shutil.rmtree(applied.folder / "share")
    done = applied.bep("job", "show", "nightly")
    assert "nightly: NotStarted" in done.stdout
    assert "how far its shards are is not known" in done.stderr
    applied.bep("job", "show", "nightly", "--share", "share", expect=1)


def test_a_job_that_was_never_prepared_says_so(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "here")
    assert "here was not prepared here" in applied.bep("job", "merge", "here", expect=1).stderr
