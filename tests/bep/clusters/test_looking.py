"""A job on a Ray cluster, looked at, ended and removed as any other; what it has in the share goes with it."""

import json
import threading
from pathlib import Path

import pytest

from bep.commands.jobs.progress import plain_line, waiting_line
from bep.commands.jobs.worker_lines import node_lines
from bep.runner.cluster.begun import Begun, Session, write
from bep.runner.cluster.claims import Claim
from bep.runner.cluster.telling import Driving, State, cancel_place, place_of, written
from bep.runner.events import Progress, WorkerState
from bep.runner.folder.folder import JobFolder
from bep.runner.shares.share import share_at
from tests.bep.clusters.conftest import OnCluster
from tests.bep.conftest import Workspace, until

SESSION = "0123abcd"


@pytest.fixture
def left(on_cluster: OnCluster) -> OnCluster:
    """It has a job whose process was killed while its driver scored."""
    on_cluster.bep("run", "job.yml", "--name", "nightly")
    folder = on_cluster.folder / ".bep/jobs/nightly"
    record = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**record, "status": "Running", "finished": None}))
    write(JobFolder(folder), Begun(sessions=(Session(order=1, name=SESSION),)))
    said = on_cluster.share / f"nightly/logs/node0-{SESSION}/stdout/process000.txt"
    said.parent.mkdir(parents=True)
    said.write_text("said on the node\n")
    return on_cluster


def shown(work: Workspace, name: str = "nightly") -> dict[str, object]:
    found: dict[str, object] = json.loads(work.bep("job", "show", name, "-o", "json").stdout)
    return found


def test_show_and_list_say_which_cluster(on_cluster: OnCluster) -> None:
    done = on_cluster.bep("run", "job.yml", "--name", "nightly")
    url = on_cluster.dashboard.url
    assert f"job nightly: 5 files with letters/blue, on 2 nodes of Ray at {url}, 2 workers" in done.stderr
    line = f"cluster     Ray at {url}, 2 nodes with 1 worker each, share {on_cluster.share}\n"
    assert line in on_cluster.bep("job", "show", "nightly").stdout
    [listed] = json.loads(on_cluster.bep("job", "list", "-o", "json").stdout)
    assert listed["engine"] == "ray"
    assert listed["cluster"] == {"address": "", "dashboard": url, "share": str(on_cluster.share), "nodes": 2}


def test_of_a_job_of_this_machine_nothing_is_said_of_clusters(applied: Workspace) -> None:
    applied.bep("run", "job.yml", "--name", "here")
    assert "cluster" not in shown(applied, "here")
    assert "cluster" not in json.loads(applied.bep("job", "list", "-o", "json").stdout)[0]
    events = applied.bep("run", "job.yml", "--name", "events", "--json").stdout
    assert '"cluster"' not in events


def test_the_logs_of_one_that_is_not_over_are_in_the_share(left: OnCluster) -> None:
    said = left.bep("job", "logs", "nightly").stdout
    assert said == f"==> node0-{SESSION}/process000 stdout <==\nsaid on the node\n"
    left.bep("job", "cancel", "nightly")  # nobody beats: the driver is dead
    assert "said on the node" not in left.bep("job", "logs", "nightly").stdout


def test_cancel_ends_a_driver_that_outlived_the_jobs_process(left: OnCluster) -> None:
    share, heard = share_at(str(left.share), Path("/")), []

    def driver() -> None:
        """Writes its claim until it is asked to end."""
        beat = 0
        while not (left.share / cancel_place("nightly", SESSION)).exists():
            beat += 1
            claim = Claim(session=SESSION, term=1, beat=beat).model_dump(mode="json")
            share.put(f"nightly/drivers/{SESSION}.json", json.dumps(claim).encode())
            threading.Event().wait(0.1)
        heard.append(beat)
        told = Driving(job="nightly", order=1, session=SESSION, state=State.CANCELLED)
        share.put(place_of("nightly", SESSION), written(told))

    living = threading.Thread(target=driver)
    living.start()
    until(lambda: (left.share / f"nightly/drivers/{SESSION}.json").exists())
    said = left.bep("job", "cancel", "nightly").stdout
    living.join()
    assert "job nightly Canceled: 5 scored" in said
    assert heard
    assert shown(left)["status"] == "Canceled"


def test_what_it_has_in_the_share_goes_with_it(left: OnCluster) -> None:
    left.bep("job", "cancel", "nightly")
    (left.share / "another").mkdir()
    left.bep("job", "delete", "nightly", "-y")
    assert [one.name for one in left.share.iterdir()] == ["another"]
    assert not (left.folder / ".bep/jobs/nightly").exists()


def test_another_jobs_folder_in_the_share_stays(left: OnCluster) -> None:
    left.bep("job", "cancel", "nightly")
    (left.share / "nightly/orders").mkdir()
    (left.share / "nightly/orders/7.json").write_text("{}")
    said = left.bep("job", "delete", "nightly", "-y", expect=1).stderr
    assert f"nightly is removed, and what it left in {left.share}/nightly stays there: " in said
    assert (left.share / "nightly/orders/7.json").exists()
    assert json.loads(left.bep("job", "list", "-o", "json").stdout) == []


def test_a_share_that_is_gone_keeps_no_job_here(on_cluster: OnCluster) -> None:
    on_cluster.bep("run", "job.yml", "--name", "nightly")
    on_cluster.share.rmdir()
    said = on_cluster.bep("job", "delete", "nightly", "-y", expect=1).stderr
    assert "nightly is removed" in said
    assert "there is no such folder to share" in said
    assert json.loads(on_cluster.bep("job", "list", "-o", "json").stdout) == []


def workers(nodes: int, each: int = 2) -> list[WorkerState]:
    return [
        WorkerState(
            f"process{worker:03d}",
            f"node{node}-{SESSION}",
            "scoring" if worker else "waiting",
            float(node),
            node * 20,
            500_000_000,
        )
        for node in range(nodes)
        for worker in range(each)
    ]


def test_each_node_has_a_line_and_many_are_counted() -> None:
    assert node_lines([], 10, 80, 24) == []
    assert node_lines(workers(2), 10, 80, 24) == [
        "  node0     1 scoring, 1 waiting                     1.0 GB",
        "  node1     1 scoring, 1 waiting               1 s   1.0 GB  mini-batch 2",
    ]
    many = node_lines(workers(40), 10, 80, 24)
    assert len(many) == 8
    assert [line.split()[0] for line in many[:7]] == [f"node{number}" for number in range(33, 40)]
    assert many[7] == "  and 33 more nodes: 33 scoring, 33 waiting"
    assert all(len(line) < 30 for line in node_lines(workers(40), 10, 30, 24))
    assert node_lines(workers(40), 10, 80, 5) == []


def test_what_a_cluster_has_not_given_yet_is_said() -> None:
    waits = Progress(
        items=40, scored=0, failed=0, items_per_second=0.0, elapsed=7.2, eta=None, workers_ready=0, workers=2,
        retries=0, workers_lost=0, waits_for="{'CPU': 4}: 1 pending",
    )  # fmt: skip
    assert plain_line(waits) == "preparing 2 workers, 7 s, waiting for the cluster: {'CPU': 4}: 1 pending"
    assert waiting_line(waits, 80) == ["  waiting for the cluster: {'CPU': 4}: 1 pending"]
    assert waiting_line(waits, 12) == ["  waiting f"]
