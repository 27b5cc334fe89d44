"""The cluster that tests run on, itself: who may ask it, what it runs, and what a lost node looks like."""

import json
from pathlib import Path

from tests.cluster.ray_cluster import Cluster, cluster
from tests.cluster.waiting import eventually

COUNT = """
import os, ray
ray.init()

@ray.remote(num_cpus=1, scheduling_strategy="SPREAD")
def where():
    return os.uname().nodename

print("nodes:", sorted(node["NodeManagerAddress"] for node in ray.nodes()))
print("has run on a node:", ray.get(where.remote()).startswith("node"))
"""


def finished(there: Cluster, job: str) -> str:
    """The log of a job that has succeeded."""

    def ended() -> bool:
        status = json.loads(there.ask(f"/api/jobs/{job}")[1])
        assert status["status"] not in ("FAILED", "STOPPED"), status
        return bool(status["status"] == "SUCCEEDED")

    eventually(f"{job} succeeds", ended)
    return str(json.loads(there.ask(f"/api/jobs/{job}/logs")[1])["logs"])


def test_a_cluster_of_two_nodes(tmp_path: Path) -> None:
    with cluster(2, tmp_path) as there:
        addresses = [node.address for node in there.nodes]
        assert there.alive() == set(addresses)
        assert there.token_file.stat().st_mode & 0o777 == 0o600

        # only who has its token may ask
        assert there.ask("/api/jobs/", token="")[0] == 401
        assert there.ask("/api/jobs/", token="0" * 32)[0] == 403

        # a job comes in from here; a program on another node finds the cluster, too
        (tmp_path / "count.py").write_text(COUNT)
        status, told = there.ask("/api/jobs/", {"entrypoint": f"python {tmp_path / 'count.py'}", "submission_id": "a"})
        assert status == 200, told
        for said in (finished(there, "a"), there.run(1, ["python", str(tmp_path / "count.py")])):
            assert f"nodes: {addresses}" in said
            assert "has run on a node: True" in said

        # each node has its own processes, and a part of Ray is killed on one alone
        assert [len(there.called(number, "gcs")) for number in range(2)] == [1, 0]
        frozen = there.called(1, "raylet")[0].pid
        there.freeze(frozen)
        eventually("the raylet stops", lambda: there.called(1, "raylet")[0].state == "T")
        there.thaw(frozen)
        there.kill(1, "raylet")
        eventually("Ray ends on that node", lambda: there.rays[1].process.poll() is not None)
        assert there.called(0, "raylet")

        # a node more is found, a lost one is missed
        there.add_node()
        assert there.nodes[2].address in there.alive()
        there.kill_node(2)
        eventually("Ray misses both", lambda: there.alive() == {addresses[0]})
        lived = [process.pid for process in there.processes(0)]
    assert not any(Path(f"/proc/{pid}").exists() for pid in lived)
