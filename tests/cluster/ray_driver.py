"""A driver on a real cluster with agents that are none: `python -m tests.cluster.ray_driver`, and a driver's arguments.

Nodes are to have FAKE_AGENT and PYTHONPATH in their environment.
"""

import os
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bep.runner.cluster import main as driver
from bep.runner.cluster.on_ray import Carried, RayPlaces
from bep.runner.cluster.orders import Order
from bep.runner.cluster.ray_nodes import ask_of

MODULE = "tests.cluster.fake_agent"
PATTERNS = ("PATH", "HOME", "PYTHONPATH", "FAKE_AGENT", "LANG")


def places(address: str, order: Order, queue: "SimpleQueue[Any]") -> RayPlaces:
    return RayPlaces(address, ask_of(order.cluster), Carried(MODULE, PATTERNS, (MODULE, "--sweep", "m4rk")), queue)


if __name__ == "__main__":
    driver.run(driver.asked_of(sys.argv[1:]), places, Path("/dev/fd/2"))
    os._exit(0)
