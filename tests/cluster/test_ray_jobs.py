"""Jobs of `bep run` on a real cluster, by both ways in: the bytes of a run here, whatever becomes of the client."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bep.runner.events import Event, Progress
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status, read
from bep.runner.jobs import running
from bep.runner.request import JobRequest, RayCluster
from tests.cluster.machines import Program
from tests.cluster.ray_cluster import Cluster, cluster
from tests.cluster.waiting import eventually
from tests.runner.conftest import RUNNER, Jobs, output_of
from tests.services.places import ray_python

REPO = Path(__file__).parents[2]
SECONDS = "seconds"
SCRIPT = """
    import os, time

    def run(mini_batch):
        with open({seconds!r}) as file:
            time.sleep(float(file.read()))
        print("a call of", len(mini_batch))
        found = [open(path).read() for path in mini_batch]
        if "7" in found or "123" in found:
            raise ValueError("this one is bad")
        return found[1:] if "130" in found else found
"""


class Rays:
    """Jobs on one cluster, each beside what the same job gives here."""

    def __init__(self, there: Cluster, folder: Path) -> None:
        self.there, self.jobs = there, Jobs(folder)
        self.share, self.seconds = folder / "share", folder / SECONDS
        self.share.mkdir(parents=True)
        self.seconds.write_text("0")
        self.script = SCRIPT.format(seconds=str(self.seconds))

    def request(self, name: str, **cluster: object) -> JobRequest:
        made = self.jobs.request(
            self.script, name=name, items=200, mini_batch_size=5, instance_count=2, workers=1, max_retries=1
        )
        if not cluster:
            return made
        asked = RayCluster.model_validate({"share": str(self.share), "node_timeout": 10, **cluster})
        return made.model_copy(update={"engine": "ray", "cluster": asked, "environment": None})

    @property
    def by_dashboard(self) -> JobRequest:
        return self.request("by-dashboard", dashboard=self.there.dashboard)

    def inside(self, request: JobRequest) -> Program:
        """A client on the first node, which has Ray; it goes on with the job where there is one already."""
        file = self.jobs.root / f"{request.name}.json"
        file.write_text(request.model_dump_json())
        said = self.jobs.root / f"{request.name}.said"
        program = self.jobs.root / "client.py"
        program.write_text(RUNNER)
        command = [str(ray_python()), "-P", str(program), str(file)]
        with said.open("ab") as stream:
            return self.there.start(0, command, env={"PYTHONPATH": str(REPO)}, stdout=stream, stderr=stream)

    def from_here(self, request: JobRequest, stop: int = 0) -> JobRecord:
        """A run whose client is this process, which has no Ray; cancelled once so many items are scored."""
        cancel = threading.Event()

        def hear(event: Event) -> None:
            self.jobs.events.append(event)
            if stop and isinstance(event, Progress) and event.scored >= stop:
                cancel.set()

        return running.run(request, report=hear, cancel=cancel)


@pytest.fixture(scope="module")
def rays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rays]:
    folder = tmp_path_factory.mktemp("ray")
    with cluster(2, folder) as there:
        before = dict(os.environ)
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(there.token_file)
        try:
            made = Rays(there, folder / "jobs")
            made.jobs.run(made.request("here"))
            yield made
        finally:
            os.environ.clear()
            os.environ.update(before)


def same(rays: Rays, there: JobRecord) -> None:
    here = read(JobFolder(rays.jobs.root / "jobs/here"))
    assert (there.status, there.error) == (Status.COMPLETED, None)
    assert output_of(there) == output_of(here)
    for name in ("items", "scored", "failed", "rows"):
        assert getattr(there.counts, name) == getattr(here.counts, name), name
    assert failed_items(there) == failed_items(here)


def failed_items(record: JobRecord) -> list[tuple[object, ...]]:
    lines = map(json.loads, JobFolder(record.folder).failed_items.read_text().splitlines())
    return [(one["position"], one["type"], one["message"], one["attempts"]) for one in lines]


def drivers(rays: Rays) -> list[int]:
    return [
        one.pid
        for number in range(2)
        for one in rays.there.processes(number)
        if "bep.runner.cluster.main" in one.command
    ]


def test_a_job_of_a_client_without_ray_is_cancelled_resumed_and_retried(rays: Rays) -> None:
    rays.seconds.write_text("0.3")
    request = rays.by_dashboard
    stopped = rays.from_here(request, stop=10)
    assert (stopped.status, stopped.error) == (Status.CANCELED, None)
    assert 10 <= stopped.counts.scored < 190
    eventually("the driver is gone", lambda: not drivers(rays))
    rays.seconds.write_text("0")
    resumed = rays.jobs.resume(request)
    same(rays, resumed)
    assert (
        len({state.node for event in rays.jobs.events if isinstance(event, Progress) for state in event.worker_states})
        > 1
    )
    assert "a call of 5" in "".join(file.read_text() for file in resumed.folder.glob("logs/user/stdout/*/*"))
    again = rays.jobs.retry(request)  # of what failed alone, so it fails once more, at fewer attempts
    assert (again.status, output_of(again)) == (Status.COMPLETED, output_of(resumed))
    assert (again.counts.scored, again.counts.failed) == (resumed.counts.scored, resumed.counts.failed)
    assert [one[:3] for one in failed_items(again)] == [one[:3] for one in failed_items(resumed)]
    order = json.loads((rays.share / "by-dashboard/orders/3.json").read_text())
    assert sum(count for _, count, _ in order["spans"]) == 7


@pytest.mark.parametrize("way", ["child", "dashboard"])
def test_a_job_whose_client_is_killed_is_completed_by_the_next(rays: Rays, way: str) -> None:
    rays.seconds.write_text("0.3")
    cluster = {"address": rays.there.address} if way == "child" else {"dashboard": rays.there.dashboard}
    request = rays.request(f"killed-{way}", **cluster)
    client = rays.inside(request)
    commits = rays.share / request.name / "commits"
    eventually("something is committed", lambda: any(commits.glob("*.json")), 120)
    assert drivers(rays)
    client.kill()
    assert client.process.wait(30) != 0
    if way == "child":
        eventually("its driver ends, too", lambda: not drivers(rays))
    rays.seconds.write_text("0")
    client = rays.inside(request)
    assert client.process.wait(120) == 0, (rays.jobs.root / f"{request.name}.said").read_text()
    same(rays, read(JobFolder(request.folder)))
    eventually("no driver is left", lambda: not drivers(rays))
