"""Jobs whose engine is a cluster's, with a driver that scores nothing: what reaches the job's folder, whatever breaks.

What a real cluster does is in tests/cluster/test_ray_jobs.py.
"""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bep.runner.cluster import engine as engine_module
from bep.runner.cluster import starting, ways_in
from bep.runner.cluster.supervising import Patience
from bep.runner.events import Event, MiniBatchFailed, Progress, WorkerLost
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status
from bep.runner.jobs import running
from bep.runner.request import JobRequest, RayCluster
from tests.runner.conftest import ECHO, Jobs, output_of

CANARY = "canary-value-of-a-secret"
REPO = Path(__file__).parents[3]
HARD = """
    def run(mini_batch):
        found = [open(path).read() for path in mini_batch]
        if "7" in found or "23" in found:
            raise ValueError("this one is bad")
        if "30" in found:
            return found[1:]
        return found
"""


class Rays:
    """Jobs on a cluster whose driver is a fake, each beside the same job run here."""

    def __init__(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jobs, self.patch = jobs, monkeypatch
        self.share, self.scratch = jobs.root / "share", jobs.root / "scratch"
        for folder in (self.share, self.scratch):
            folder.mkdir()
        self.how: dict[str, object] = {"scratch": str(self.scratch), "once": str(self.scratch / "once")}
        monkeypatch.setattr(ways_in, "has_ray", lambda: True)
        monkeypatch.setattr(starting, "MODULE", "tests.runner.cluster.fake_driver")
        monkeypatch.setenv("PYTHONPATH", str(REPO))

    def here(self, script: str = HARD, **asked: object) -> JobRecord:
        """The same job, run by the embedded engine: what the fake cuts its segments from."""
        record = self.jobs.run(self.jobs.request(script, name="here", **asked))  # type: ignore[arg-type]
        self.fake(**{"from": str(record.folder)})
        self.jobs.events.clear()
        return record

    def fake(self, **how: object) -> None:
        self.how |= how
        self.patch.setenv("FAKE", json.dumps(self.how))

    def request(self, script: str = HARD, **asked: object) -> JobRequest:
        cluster = RayCluster(address="auto", share=str(self.share))
        request = self.jobs.request(script, name="there", **asked)  # type: ignore[arg-type]
        return request.model_copy(update={"engine": "ray", "cluster": cluster})

    @property
    def sessions(self) -> list[str]:
        return (self.scratch / "sessions").read_text().splitlines()


@pytest.fixture
def rays(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> Rays:
    return Rays(jobs, monkeypatch)


def same(there: JobRecord, here: JobRecord) -> None:
    """The same bytes, the same counts, the same failed items."""
    assert (there.status, there.error) == (Status.COMPLETED, None)
    assert output_of(there) == output_of(here)
    for name in ("items", "scored", "failed", "rows", "mini_batches"):
        assert getattr(there.counts, name) == getattr(here.counts, name), name
    assert failed_items(there) == failed_items(here)


def failed_items(record: JobRecord) -> list[tuple[object, ...]]:
    file = JobFolder(record.folder).failed_items
    lines = map(json.loads, file.read_text().splitlines()) if file.exists() else ()
    return [(one["position"], one["type"], one["message"], one["attempts"]) for one in lines]


def test_what_a_cluster_scored_is_as_if_it_was_scored_here(rays: Rays) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(lost=1)
    there = rays.jobs.run(rays.request(mini_batch_size=4))
    same(there, here)
    assert "it is a fake" in there.warnings
    (reason,) = (event.reason for event in rays.jobs.events if isinstance(event, WorkerLost))
    assert "no power" in reason
    last = [event for event in rays.jobs.events if isinstance(event, Progress)][-1]
    assert (last.items, last.workers_ready, last.worker_states[0].node[:5]) == (40, 1, "node0")
    assert rays.jobs.of(MiniBatchFailed)
    assert "a notice of the cluster" in next((there.folder / "logs/sys/driver").glob("????????.txt")).read_text()
    (said,) = (there.folder / "logs/user/stdout").glob("*/process000.stdout.txt")
    assert said.read_text() == "said by a script\n"


def _patient(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    monkeypatch.setattr(engine_module, "Patience", lambda: Patience(**seconds))


def test_a_driver_that_fails_fails_the_job_in_its_words_and_what_it_scored_is_kept(rays: Rays) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(error=True)
    request = rays.request(mini_batch_size=4)
    failed = rays.jobs.run(request)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert (failed.error.code, failed.error.message, failed.error.fix) == ("Wrong", "all is wrong", "mend it")
    assert failed.counts.scored == here.counts.scored
    same(rays.jobs.resume(request), here)
    assert len(rays.sessions) == 1  # nothing was left, so nobody was started


@pytest.mark.parametrize("fault", ["die", "exit"])
def test_a_driver_without_a_last_word_fails_the_job_and_another_goes_on(rays: Rays, fault: str) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(calls=2, **{fault: 2})
    request = rays.request(mini_batch_size=4)
    failed = rays.jobs.run(request)
    assert (failed.status, failed.error and failed.error.code) == (Status.FAILED, "DriverLost")
    assert failed.error is not None
    assert ("signal 9" if fault == "die" else "this is why") in failed.error.message
    assert "resume" in failed.error.fix
    assert 0 < failed.counts.scored < here.counts.scored
    same(rays.jobs.resume(request), here)
    assert not list(rays.share.glob("there/drivers/*"))


def test_a_driver_that_says_nothing_is_ended(rays: Rays, monkeypatch: pytest.MonkeyPatch) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(calls=2, silent=1)
    _patient(monkeypatch, silence=1.0, leaving=1.0)
    request = rays.request(mini_batch_size=4)
    failed = rays.jobs.run(request)
    assert failed.error is not None
    assert "said nothing for" in failed.error.message
    number = int(rays.sessions[0].split()[0])
    assert not Path(f"/proc/{number}").exists()
    same(rays.jobs.resume(request), here)


@pytest.mark.parametrize("deaf", [False, True])
def test_a_cancelled_job_keeps_what_was_scored(rays: Rays, monkeypatch: pytest.MonkeyPatch, deaf: bool) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(calls=1, pause=0.3, deaf=deaf)
    _patient(monkeypatch, deaf=1.0)
    request = rays.request(mini_batch_size=4)
    cancel = threading.Event()

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.scored:
            cancel.set()

    record = running.run(request, report=stop, cancel=cancel)
    assert (record.status, record.error) == (Status.CANCELED, None)
    assert 0 < record.counts.scored < here.counts.scored
    assert not Path(f"/proc/{rays.sessions[0].split()[0]}").exists()
    rays.fake(deaf=False, pause=0)
    same(rays.jobs.resume(request), here)


def test_a_damaged_segment_is_scored_again(rays: Rays) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(calls=2, damage=2)
    there = rays.jobs.run(rays.request(mini_batch_size=4))
    same(there, here)
    assert len(rays.sessions) == 2
    assert any("scored again" in warning for warning in there.warnings)


def test_one_that_stays_damaged_fails_the_job(rays: Rays) -> None:
    rays.here(mini_batch_size=4)
    del rays.how["once"]
    rays.fake(calls=2, damage=1)
    failed = rays.jobs.run(rays.request(mini_batch_size=4))
    assert (failed.status, failed.error and failed.error.code) == (Status.FAILED, "SegmentDamaged")
    assert failed.counts.scored


def test_mini_batches_that_took_nodes_with_them_are_failed_items(rays: Rays) -> None:
    rays.here(ECHO, mini_batch_size=4)
    rays.fake(calls=1, given_up=[3])
    request = rays.request(ECHO, mini_batch_size=4)
    there = rays.jobs.run(request)
    assert (there.status, there.counts.failed, there.counts.scored) == (Status.COMPLETED, 4, 36)
    assert [one[0] for one in failed_items(there)] == [12, 13, 14, 15]
    assert "no power" in str(failed_items(there)[0][2])
    rays.fake(given_up=[])
    again = rays.jobs.retry(request)
    assert (again.counts.failed, again.counts.scored) == (0, 40)
    order = json.loads((rays.share / "there/orders/2.json").read_text())
    assert order["spans"] == [[12, 4, 4]]


def test_a_retry_scores_what_failed_and_no_more(rays: Rays) -> None:
    rays.here(mini_batch_size=4)
    mended = rays.jobs.run(rays.jobs.request(ECHO, name="mended", mini_batch_size=1))
    request = rays.request(mini_batch_size=4)
    there = rays.jobs.run(request)
    assert there.counts.failed == 2 + 1
    rays.fake(**{"from": str(mended.folder)})
    again = rays.jobs.retry(request)
    assert (again.status, again.counts.failed) == (Status.COMPLETED, 0)
    assert output_of(again) == output_of(mended)
    order = json.loads((rays.share / "there/orders/2.json").read_text())
    assert order["failed_before"] == 0
    assert sum(count for _, count, _ in order["spans"]) < 40


def test_values_of_secret_variables_go_to_the_driver_alone(rays: Rays) -> None:
    rays.here(mini_batch_size=4)
    variables = {"TOKEN": CANARY, "PLAIN": "seen", "MY_PASSWORD": f"{CANARY}-2"}
    request = rays.request(mini_batch_size=4, variables=variables)
    target = request.target.model_copy(update={"secret_variables": ("TOKEN",)})
    there = rays.jobs.run(request.model_copy(update={"target": target}))
    assert there.status is Status.COMPLETED
    for file in (*rays.share.rglob("*"), *there.folder.rglob("*")):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes(), file
    assert json.loads((rays.scratch / "values.json").read_text()) == {"TOKEN": CANARY, "MY_PASSWORD": f"{CANARY}-2"}
    prepared = json.loads((rays.share / "there/orders/1.json").read_text())["prepared"]["target"]
    assert (prepared["variables"], prepared["secret_variables"]) == ({"PLAIN": "seen"}, ["MY_PASSWORD", "TOKEN"])


def test_what_all_nodes_see_is_not_uploaded_and_the_rest_is(rays: Rays) -> None:
    rays.here(mini_batch_size=4)
    inside = rays.share / "in"
    inside.mkdir()
    (inside / "seen").write_text("seen")
    (rays.jobs.root / "model").mkdir(exist_ok=True)
    (rays.jobs.root / "model" / "weights").write_text("heavy")
    request = rays.request(mini_batch_size=4, inputs=(str(inside), *rays.jobs.files(40)))
    rays.jobs.run(request)
    prepared = json.loads((rays.share / "there/orders/1.json").read_text())["prepared"]
    assert (prepared["uploads"]["in_place"], prepared["uploads"]["items"]) == (1, 40)
    assert list(prepared["target"]["model"]) == ["weights"]
    assert list(prepared["target"]["code"]) == ["score.py"]
    sources = (rays.share / "there/manifest.sources").read_bytes()
    assert (len(sources), sources[:32]) == (41 * 32, bytes(32))
    contents = [file.read_text() for file in rays.share.glob("there/content/*/*")]
    assert {"heavy", "0", "39"} <= set(contents)
    assert "seen" not in contents
    assert not (rays.share / "there/job.json").exists()


def test_the_name_of_a_job_that_is_in_the_share_already_is_refused(rays: Rays) -> None:
    rays.here(mini_batch_size=4)
    (rays.share / "there").mkdir()
    (rays.share / "there/job.json").write_text("{}")
    failed = rays.jobs.run(rays.request(mini_batch_size=4))
    assert failed.error is not None
    assert "not this workspace's" in failed.error.message
    assert [file.name for file in rays.share.rglob("*") if file.is_file()] == ["job.json"]


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"share": "ftp://me:secret-word@h/x", "address": "auto"}, "login"),
        ({"share": ".", "dashboard": ""}, "neither"),
        ({"share": ".", "dashboard": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_in_words(rays: Rays, cluster: dict[str, str], words: str) -> None:
    request = rays.request().model_copy(update={"cluster": RayCluster.model_validate(cluster)})
    failed = rays.jobs.run(request)
    assert failed.error is not None
    assert words in failed.error.message
    assert "secret-word" not in failed.error.message


def test_what_a_script_wrote_by_itself_is_brought_and_only_what_is_its_own_is_replaced(rays: Rays) -> None:
    here = rays.here(mini_batch_size=4)
    one_by_one = rays.jobs.run(rays.jobs.request(HARD, name="again", mini_batch_size=1))
    rays.fake(own="first")
    request = rays.request(mini_batch_size=4)
    there = rays.jobs.run(request)
    same(there, here)
    own = there.output_folder / "below/own.txt"
    assert own.read_text() == "first"
    rays.fake(**{"own": "second", "from": str(one_by_one.folder)})
    assert rays.jobs.retry(request).status is Status.COMPLETED
    assert own.read_text() == "second"
    own.write_text("a user's")
    rays.fake(own="third")
    refused = rays.jobs.retry(request)
    assert (refused.status, refused.error and refused.error.code) == (Status.FAILED, "OutputExists")
    assert own.read_text() == "a user's"


# Runs the job of argv[1] or goes on with it, and is killed at the argv[2]-th step that leaves something on the disk.
KILLED = """
import os, signal, sys, threading
from bep.runner.cluster import begun, collecting, ordering, starting, ways_in
from bep.runner.folder import journal
from bep.runner.jobs import running
from bep.runner.jobs import running
from bep.runner.request import JobRequest
starting.MODULE = "tests.runner.cluster.fake_driver"
ways_in.has_ray = lambda: True
left = int(sys.argv[2])

def counted(owner, name):
    real = getattr(owner, name)
    def step(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    setattr(owner, name, step)

collecting._BYTES = 1
counted(collecting.merged, "write")
counted(collecting, "write_durably")
counted(collecting, "joined_part")
counted(collecting.parts, "next_number")
counted(journal.Journal, "append")
counted(journal.Journal, "settle")
counted(begun, "write")
counted(ordering.orders, "put")
counted(ordering, "upload_files")
request = JobRequest.model_validate_json(open(sys.argv[1]).read())
how = {"report": lambda event: None, "cancel": threading.Event()}
if (request.folder / "job.json").exists():
    running.resume(request.folder, environment_variables={}, environment=dict(os.environ), **how)
else:
    running.run(request, **how)
"""


def test_a_job_that_is_killed_at_any_step_is_completed_by_the_next_run(rays: Rays) -> None:
    here = rays.here(mini_batch_size=4)
    rays.fake(calls=2)
    request = rays.request(mini_batch_size=4)
    (rays.scratch / "request.json").write_text(request.model_dump_json())
    ends: list[int] = []
    step = 1
    while not ends or ends[-1] != 0:
        shutil.rmtree(request.folder, ignore_errors=True)
        shutil.rmtree(rays.share / "there", ignore_errors=True)
        shutil.rmtree(request.output_folder, ignore_errors=True)
        for killed_at in (step, max(1, step // 2)):
            program = [sys.executable, "-c", KILLED, str(rays.scratch / "request.json"), str(killed_at)]
            ends.append(subprocess.run(program, cwd=REPO).returncode)
            if ends[-1] == 0:
                break
        same(rays.jobs.resume(request), here)
        step = step + 1 if step < 12 else step + 5
    assert ends.count(-9) > 12
