"""A model of an old Python on nodes whose Ray is of a later one, from a client outside the cluster that has no Ray."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.cluster.ray_cluster import cluster, missing_for_ray
from tests.cluster.scene import small_share
from tests.cluster.workspace import ClusterWorkspace
from tests.services.places import interpreter, ray_python

SCRIPT = """\
import os
import signal
import sys

def run(mini_batch):
    seen = [
        "python %d.%d" % sys.version_info[:2],
        "on " + os.uname().nodename,
        "blocked %s" % sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        "ray %s" % sorted(name for name in os.environ if name.startswith(("RAY_", "PYTHON"))),
        "threads " + os.environ.get("OMP_NUM_THREADS", ""),
        "before others when memory is short: " + open("/proc/self/oom_score_adj").read().strip(),
    ]
    return ["%s: %s" % (os.path.basename(path), ", ".join(seen)) for path in mini_batch]
"""


def test_a_model_of_python_3_7_from_outside(tmp_path: Path) -> None:
    old = interpreter("3.7")
    if old is None:
        pytest.skip("no Python 3.7 here")
    if reason := missing_for_ray():
        pytest.skip(reason)
    assert importlib.util.find_spec("ray") is None, "a client that has Ray would not go by the dashboard"
    programs = f"{ray_python().parent}:{Path(old).parent}:/usr/local/bin:/usr/bin:/bin"
    with small_share(tmp_path) as share, cluster(2, tmp_path, environment={"PATH": programs}) as there:
        (share / "inputs").mkdir()
        for item in range(40):
            (share / f"inputs/{item:02}.txt").write_text("text\n")
        environment = "conda_file: {dependencies: [python=3.7]}"
        settings = "mini_batch_size: 1, max_concurrency_per_instance: 1"
        work = ClusterWorkspace(there, tmp_path, SCRIPT, share / "inputs", str(share), settings, environment)
        work.make()
        work.bep("run", "job.yml", "--name", "old", "--output-path", "old")
        rows = work.output("old").decode().splitlines()
    assert [row.partition(":")[0] for row in rows] == [f"{item:02}.txt" for item in range(40)]
    for row in rows:
        assert "python 3.7, on node" in row
        assert re.search(r"blocked \[\], ray \[\], threads \d+, before others when memory is short: 1000$", row)
    assert {row.partition(", on ")[2].partition(",")[0] for row in rows} <= {"node0", "node1"}
