"""Drivers and agents on a real cluster of two nodes: what is placed where, what is lost, and what is left."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bep.runner.cluster.telling import Driving, State
from tests.cluster.driven import JOB, Job
from tests.cluster.local_agents import ROOT
from tests.cluster.machines import Process, Program
from tests.cluster.ray_cluster import Cluster, cluster
from tests.cluster.waiting import eventually
from tests.services.places import ray_python

AGENT = "tests.cluster.fake_agent"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    environment = {"PYTHONPATH": str(ROOT), "FAKE_AGENT": json.dumps({"seconds": 0.1, "together": 2})}
    with cluster(2, tmp_path_factory.mktemp("ray"), environment=environment) as made:
        yield made


def drive(there: Cluster, job: Job, name: str = "aaaaaaaa", number: int = 0, order: int = 1) -> Program:
    """A driver's process on a node."""
    command = [str(ray_python()), "-m", "tests.cluster.ray_driver", "--share", str(job.folder), "--job", JOB]
    command += ["--order", str(order), "--session", name, "--ray", there.address]
    with job.folder.with_name(f"{name}.log").open("wb") as log:
        return there.start(number, command, folder=ROOT, stdout=log, stderr=log)


def ended(job: Job, program: Program, name: str = "aaaaaaaa", patience: float = 120.0) -> Driving:
    """Its last word."""
    try:
        code = program.process.wait(patience)
    except subprocess.TimeoutExpired:
        code = -1
    said = job.folder.with_name(f"{name}.log").read_text(errors="replace")
    told = job.told(name)
    assert (code, told is not None) == (0, True), f"{told}\n{said}"
    assert told is not None
    assert told.state.is_end, f"{told}\n{said}"
    return told


def agents(there: Cluster, number: int) -> list[int]:
    """The processes of agents on a node."""
    return [one.pid for one in processes(there, number) if one.command[0] != "sh"]


def processes(there: Cluster, number: int) -> list[Process]:
    """The agents, and the shells that wait for them."""
    return [one for one in there.processes(number) if AGENT in one.command and one.state != "Z"]


def scores(job: Job, name: str = "aaaaaaaa") -> Any:
    told = job.told(name)
    return told and len([node for node in told.nodes if node.state == "scoring" and node.scored]) == 2


def nothing_is_left(there: Cluster) -> None:
    eventually("no agent is left", lambda: not processes(there, 0) and not processes(there, 1), 20)


def test_agents_on_both_nodes(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared")
    job.order()
    last = ended(job, drive(there, job))
    assert (last.state, last.scored, last.error) == (State.DONE, 60, None)
    assert job.rows() == Counter(range(60))
    assert sorted(node.host for node in last.nodes) == ["node0", "node1"]
    assert all(node.scored for node in last.nodes)
    assert [text for _, text in last.lines] == []
    nothing_is_left(there)


def test_a_killed_agent_is_followed_by_another_on_its_node(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", items=120)
    job.order()
    program = drive(there, job)
    eventually("both score", lambda: scores(job))
    os.kill(agents(there, 1)[0], signal.SIGKILL)
    last = ended(job, program)
    assert (last.state, last.nodes_lost) == (State.DONE, 1)
    assert job.rows() == Counter(range(120))
    assert any("was lost: the agent was ended by SIGKILL" in text for _, text in last.lines)
    home = Path(there.network.folder, "home1", "swept")
    assert home.read_text() == "m4rk", "what it had left was ended"
    nothing_is_left(there)


def test_a_frozen_agent_is_ended(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", items=120, cluster={"node_timeout": 4.0})
    job.order()
    program = drive(there, job)
    eventually("both score", lambda: scores(job))
    there.freeze(agents(there, 1)[0])
    last = ended(job, program)
    assert (last.state, last.nodes_lost) == (State.DONE, 1)
    assert job.rows() == Counter(range(120))
    nothing_is_left(there)


def test_a_killed_driver_leaves_nothing_and_another_goes_on_elsewhere(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", items=120)
    job.order()
    first = drive(there, job)
    eventually("both score", lambda: scores(job))
    first.kill()
    nothing_is_left(there)
    kept = job.committed().segments
    last = ended(job, drive(there, job, "bbbbbbbb", number=1), "bbbbbbbb")
    assert last.state is State.DONE
    assert kept <= job.committed().segments
    assert job.rows() == Counter(range(120))
    nothing_is_left(there)


def test_a_mark_ends_it_in_order(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", items=2000)
    job.order()
    program = drive(there, job)
    eventually("both score", lambda: scores(job))
    job.cancel("aaaaaaaa")
    last = ended(job, program)
    assert last.state is State.CANCELLED
    assert [node.state for node in last.nodes] == ["stopped", "stopped"]
    assert sum(job.rows().values()) == last.scored
    nothing_is_left(there)


def test_what_the_cluster_cannot_give_is_told(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", cluster={"cpus_per_instance": 64, "start_timeout": 30.0})
    job.order()
    last = ended(job, drive(there, job))
    assert last.error is not None
    assert (last.state, last.error.code) == (State.FAILED, "NoNode")
    assert "2 nodes live, and 0 of them can ever give 64 CPU; others have 1 CPU" in last.error.message


def test_no_cluster_is_told_in_words(there: Cluster, tmp_path: Path) -> None:
    job = Job(tmp_path / "shared", cluster={"start_timeout": 5.0})
    job.order()
    command = [str(ray_python()), "-m", "tests.cluster.ray_driver", "--share", str(job.folder), "--job", JOB]
    command += ["--order", "1", "--session", "aaaaaaaa", "--ray", f"{there.network.address(0)}:1"]
    there.run(0, command, folder=ROOT)
    told = job.told("aaaaaaaa")
    assert told is not None
    assert told.error is not None
    assert told.error.code in ("ClusterRefused", "NoNode")
    assert "Traceback" not in told.error.message


def test_a_lost_node_costs_no_row(there: Cluster, tmp_path: Path) -> None:
    """The last one: the node does not come back."""
    job = Job(tmp_path / "shared", items=120, cluster={"node_timeout": 6.0})
    job.order()
    program = drive(there, job)
    eventually("both score", lambda: scores(job))
    there.kill_node(1)
    last = ended(job, program)
    assert (last.state, last.nodes_lost) == (State.DONE, 1)
    assert job.rows() == Counter(range(120))
    assert all(not agents(there, number) for number in range(1))
