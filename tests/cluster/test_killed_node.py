"""A node is lost while a job is scored on two: the job goes on, and its output is that of an undisturbed run here.

`python -m tests.cluster` does more, and more often.
"""

import random
from pathlib import Path

import pytest

from tests.cluster.faults.scenario import Scenario
from tests.cluster.ray_cluster import missing_for_ray
from tests.cluster.scene import scene


def test_a_node_is_killed(tmp_path: Path) -> None:
    if reason := missing_for_ray():
        pytest.skip(reason)
    with scene(tmp_path, nodes=2) as made:
        here = Scenario(made, random.Random(0), where=0)
        run = here.begun()
        here.there.kill_node(1)
        here.lost_after(run)
        here.finish(run)  # which says what is not as it has to be
        assert {node["state"] for node in run.told()["nodes"]} <= {"lost", "stopped"}
        assert made.called_on().count("node1") >= 1
