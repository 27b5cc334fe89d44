"""A driver whose two agents are real ones, processes of this machine: `python -m tests.cluster.driver_here`, and a
driver's arguments. There is no Ray; the environment is this interpreter.
"""

import os
import sys
from queue import SimpleQueue
from typing import Any

from bep.runner.cluster import main as driver
from bep.runner.cluster.orders import Order
from tests.cluster.driving_agents import WITH_INTERPRETER
from tests.cluster.local_agents import Local

AGENT = [sys.executable, "-c", WITH_INTERPRETER, sys.executable]


def places(address: str, order: Order, queue: "SimpleQueue[Any]") -> Local:
    return Local(queue, ["here", "there"], command=AGENT)


if __name__ == "__main__":
    driver.run(driver.asked_of(sys.argv[1:]), places)
    os._exit(0)
