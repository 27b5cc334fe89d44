"""A workspace as `bep init` leaves it, its compute a real cluster of two nodes: every command on jobs, by both ways in.

From this machine jobs come in through the dashboard, without Ray; from a node a driver of theirs talks to Ray itself.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.machines import Program
from tests.cluster.ray_cluster import Cluster, cluster
from tests.cluster.waiting import eventually
from tests.cluster.workspace import ClusterWorkspace

ITEMS = 24
DRIVER = "bep.runner.cluster.main"
SCRIPT = """\
import os
import sys
import time

HERE = {here!r}

def init():
    nodes = os.path.join(HERE, "nodes")
    os.makedirs(nodes, exist_ok=True)
    open(os.path.join(nodes, os.uname().nodename), "w").close()
    while len(os.listdir(nodes)) < 2:
        time.sleep(0.05)

def run(mini_batch):
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        print("reading", name, flush=True)
        while name > "08" and os.path.exists(os.path.join(HERE, "hold")):
            time.sleep(0.05)
        if name == "05.txt" and os.path.exists(os.path.join(HERE, "broken")):
            raise ValueError("five cannot be read")
        with open(path) as stream:
            rows.append(name + " " + stream.read())
    return rows
"""


class Here(Program):
    """A program of this machine."""

    @property
    def pid(self) -> int:
        return self.process.pid


class Begun(ClusterWorkspace):
    """A workspace of `bep init`, its compute the cluster; its script waits, or fails, while there are certain files."""

    def make(self) -> None:
        self.place.mkdir(parents=True)
        (self.folder / "path").mkdir()
        # a program on a node finds bep's own packages first, and Ray behind them
        (self.folder / "path/sitecustomize.py").write_text(f"import sys; sys.path.append({str(self.packages)!r})\n")
        self.bep("init")
        there = self.cluster
        compute = f"type: ray\naddress: {there.address}\ndashboard: {there.dashboard}\nshare: {self.share}\n"
        file = self.place / "compute.yml"
        file.write_text(file.read_text().replace("type: amlcompute\n", compute))
        (self.place / "code/score.py").write_text(self.script)
        for old in (self.place / "data").iterdir():
            old.unlink()
        for number in range(ITEMS):
            (self.place / f"data/{number:02d}.txt").write_text(f"text {number}")
        self.bep("apply", "-y", "--var", "instances=2")

    def here(self, name: str, *, is_there: bool) -> None:
        """Let a file be there that the script looks for, or not."""
        (self.folder / name).touch() if is_there else (self.folder / name).unlink(missing_ok=True)

    def value(self, *arguments: str) -> Any:
        """What a command says as JSON; what it says beside that stands behind it."""
        return json.JSONDecoder().raw_decode(self.bep(*arguments, "-o", "json"))[0]

    def show(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self.value("job", "show", job)
        return found

    def begun(self, where: int | None, *words: str, said: Path) -> Program:
        """A command begun, so that it can be sent signals."""
        if where is None:
            return Here(self.start(None, *words, said=said))
        with said.open("ab") as to:
            return self.start_on(where, [sys.executable, "-m", "bep", *words], stdout=to, stderr=to)

    def rows(self, job: str) -> list[str]:
        return (self.place / job / "predictions.csv").read_text().splitlines()

    def logs(self, job: str) -> str:
        """What its workers have said; nothing before it has begun."""
        return self.bep("job", "logs", job) if (self.job(job) / "job.json").exists() else ""

    def drivers(self) -> list[str]:
        """The jobs that have a driver which lives, on nodes."""
        processes = [one for node in self.cluster.nodes for one in self.cluster.processes(node.number)]
        return [one.command[one.command.index("--job") + 1] for one in processes if DRIVER in one.command]

    def run(self, where: int | None, job: str, *more: str, expect: int = 0) -> str:
        """Run a job to its end, from a node, or from here (None); what is said."""
        said = self.folder / f"{job}.said"
        words = ("run", "job.yml", "--name", job, "--output-path", job, "--var", "instances=2", *more)
        code = self.start(where, *words, said=said).wait(300)
        assert code == expect, said.read_text()
        return said.read_text()


EXPECTED = [f"{number:02d}.txt text {number}" for number in range(ITEMS)]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(2, tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def work(there: Cluster, tmp_path: Path) -> Begun:
    (tmp_path / "share").mkdir()
    script = SCRIPT.format(here=str(tmp_path))
    made = Begun(there, tmp_path, script, tmp_path / "ws/data", str(tmp_path / "share"), "")
    made.make()
    return made


@pytest.mark.parametrize("where", [None, 1], ids=["from outside", "from a node"])
def test_a_job_from_its_beginning_to_its_removal(work: Begun, where: int | None) -> None:
    [row] = [row for row in work.value("doctor") if row["name"] == "cluster cpu-cluster"]
    assert row["verdict"] == "ok", row
    work.here("broken", is_there=True)
    said = work.run(where, "one")
    assert f"on 2 nodes of Ray at {work.cluster.address}, 2 workers" in said
    shown = work.show("one")
    assert (shown["status"], shown["engine"]) == ("Completed", "ray")
    counts = {name: shown["counts"][name] for name in ("scored", "failed", "retries", "splits")}
    assert counts == {"scored": ITEMS - 1, "failed": 1, "retries": 2, "splits": 1}
    assert work.rows("one") == [row for row in EXPECTED if not row.startswith("05")]
    assert {file.name for file in (work.folder / "nodes").iterdir()} == {"node0", "node1"}

    [listed] = work.value("job", "list")
    assert (listed["name"], listed["cluster"]["nodes"]) == ("one", 2)
    logs = work.bep("job", "logs", "one", "--stdout")
    assert all(f"reading {number:02d}.txt" in logs for number in range(ITEMS))
    assert "ValueError: five cannot be read" in work.bep("job", "logs", "one", "--error")
    work.bep("job", "report", "one")
    page = (work.job("one") / "report.html").read_text()
    assert "When each node was busy" in page

    work.here("broken", is_there=False)
    work.bep("job", "retry", "one", "--var", "instances=2")
    assert work.rows("one") == EXPECTED
    assert work.show("one")["counts"]["failed"] == 0

    work.bep("job", "delete", "one", "-y")
    assert [*Path(work.share).iterdir()] == []
    assert work.value("job", "list") == []


@pytest.mark.parametrize("where", [None, 1], ids=["from outside", "from a node"])
def test_a_job_is_followed_cancelled_and_gone_on_with(work: Begun, where: int | None) -> None:
    work.here("hold", is_there=True)
    said = work.folder / "one.said"
    words = ("run", "job.yml", "--name", "one", "--output-path", "one", "--var", "instances=2", "--json")
    client = work.begun(where, *words, said=said)
    eventually("its logs are in the share", lambda: "reading 00.txt" in work.logs("one"), 120)
    streamed = work.folder / "streamed"
    stream = work.start(None, "job", "stream", "one", said=streamed)
    assert work.show("one")["status"] == "Running"
    assert work.drivers() == ["one"]
    # as another terminal does it; or as Ctrl-C does
    work.bep("job", "cancel", "one") if where is None else client.kill(signal.SIGINT)
    client.process.wait(120)
    assert stream.wait(120) == 130, streamed.read_text()
    shown = work.show("one")
    assert shown["status"] == "Canceled"
    assert 0 < shown["counts"]["scored"] < ITEMS
    eventually("no driver lives", lambda: work.drivers() == [], 60)
    assert not (work.place / "one/predictions.csv").exists()

    work.here("hold", is_there=False)
    again = work.start(where, "job", "resume", "one", "--var", "instances=2", said=said)
    assert again.wait(300) == 0, said.read_text()
    assert work.rows("one") == EXPECTED


def test_a_driver_that_outlives_its_client_is_ended_by_cancel_and_the_job_goes_on(work: Begun) -> None:
    work.here("hold", is_there=True)
    said = work.folder / "one.said"
    words = ("run", "job.yml", "--name", "one", "--output-path", "one", "--var", "instances=2", "--json")
    client = work.start(None, *words, said=said)
    eventually("some of it is scored", lambda: "reading 00.txt" in work.logs("one"), 120)
    os.killpg(client.pid, signal.SIGKILL)
    client.wait()
    assert work.show("one")["status"] == "NotResponding"
    assert work.drivers() == ["one"]
    assert "Canceled" in work.bep("job", "cancel", "one")
    eventually("no driver lives", lambda: work.drivers() == [], 60)

    work.here("hold", is_there=False)
    assert work.start(1, "job", "resume", "one", "--var", "instances=2", said=said).wait(300) == 0, said.read_text()
    assert work.rows("one") == EXPECTED
