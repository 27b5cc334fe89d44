"""What can befall a job on a cluster: one function each, by its name in `FAULTS`."""

from tests.cluster.faults.links import cut_6, cut_20, cut_for_good
from tests.cluster.faults.processes import agent, agent_twice, client, driver, frozen, gcs, node, paused, raylet
from tests.cluster.faults.resources import daemons, full, greedy
from tests.cluster.faults.scenario import Fault

FAULTS: dict[str, Fault] = {
    "none": daemons,
    "agent": agent,
    "agent-twice": agent_twice,
    "raylet": raylet,
    "node": node,
    "driver": driver,
    "client": client,
    "gcs": gcs,
    "frozen": frozen,
    "paused": paused,
    "cut-6": cut_6,
    "cut-20": cut_20,
    "cut-for-good": cut_for_good,
    "full": full,
    "greedy": greedy,
}
"""Each leaves the cluster as it was: all nodes up and healed, if under other numbers."""
