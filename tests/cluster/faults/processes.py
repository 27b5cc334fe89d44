"""Processes that are killed or stopped: an agent, what Ray runs, a whole node, the driver, the client."""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from tests.cluster.faults.scenario import Scenario
from tests.cluster.machines import Process
from tests.cluster.scene import Violation
from tests.cluster.waiting import eventually


def agent(here: Scenario) -> None:
    """SIGKILL of an agent."""
    run = here.begun()
    node, process = here.chance.choice(sorted(here.scene.agents().items()))
    os.kill(process.pid, signal.SIGKILL)
    here.scene.note(f"SIGKILL of the agent on node {node}, known after {here.lost_after(run):.1f} s")
    here.finish(run)


def agent_twice(here: Scenario) -> None:
    """SIGKILL of all agents at once, and of those that come after them."""
    run = here.begun()
    for _ in range(2):
        before = here.scene.agents()
        for process in before.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        here.scene.note(f"SIGKILL of the agents on nodes {sorted(before)}")
        eventually("new agents", partial(_is_another, here, before))
    here.finish(run)


def raylet(here: Scenario) -> None:
    """SIGKILL of a raylet: Ray ends on that node."""
    run, node = here.begun(), here.other()
    here.there.kill(node, "raylet")
    here.scene.note(f"SIGKILL of the raylet on node {node}, known after {here.lost_after(run):.1f} s")
    here.finish(run)
    here.there.restart_ray(node)


def node(here: Scenario) -> None:
    """A power cut of a whole node."""
    run, node = here.begun(), here.other()
    here.there.kill_node(node)
    here.scene.note(f"power cut of node {node}, known after {here.lost_after(run):.1f} s")
    here.finish(run)
    here.there.add_node(cpus=here.scene.workers)


def driver(here: Scenario) -> None:
    """SIGKILL of the driver; the client says so, and the job is resumed from elsewhere."""
    run = here.begun()
    for node, process in run.drivers():
        os.kill(process.pid, signal.SIGKILL)
        here.scene.note(f"SIGKILL of the driver on node {node}")
    run.ended(1)
    run.resume(here.other() if here.where is not None else here.where)
    here.finish(run)


def client(here: Scenario) -> None:
    """SIGKILL of the client, and of the driver where that is its child; the job is resumed from another node."""
    run = here.begun()
    run.kill_client()
    here.scene.note("SIGKILL of the client")
    time.sleep(here.chance.uniform(0, 3))
    run.resume(here.other() if here.where is not None else here.where)
    here.finish(run)


def gcs(here: Scenario) -> None:
    """SIGKILL of the GCS: the head is lost, and the job ends; it is resumed when there is a new head.

    Ray lets a driver live for a minute without it: the job is one that takes longer.
    """
    run = here.begun(1.0)
    here.there.kill(0, "gcs")
    began = time.monotonic()
    here.scene.note("SIGKILL of the GCS")
    code = run.ended(0, 1)
    here.scene.note(f"the client ended with {code} after {time.monotonic() - began:.0f} s")
    for node in here.scene.up():
        here.there.end_ray(node)
    eventually("nothing of the job is left on the nodes", lambda: not here.scene.left(), 10)
    for node in here.scene.up():
        here.there.start_ray(node)
    here.there.wait()
    if code:
        run.resume(here.where)
    here.finish(run)


def frozen(here: Scenario) -> None:
    """SIGSTOP of an agent. It is ended, and what it has left, though nobody lets it go on."""
    run = here.begun()
    node, process = here.chance.choice(sorted(here.scene.agents().items()))
    here.there.freeze(process.pid)
    here.scene.note(f"SIGSTOP of the agent on node {node}, known after {here.lost_after(run):.1f} s")
    here.finish(run)


def paused(here: Scenario) -> None:
    """SIGSTOP of all that runs on a node, Ray as well, for longer than `node_timeout`: as a paused machine."""
    run, node = here.begun(), here.other()
    pids = [process.pid for process in here.there.processes(node)]
    here.there.freeze(*pids)
    try:
        here.scene.note(f"SIGSTOP of all on node {node}, known after {here.lost_after(run):.1f} s")
        time.sleep(here.chance.uniform(0, 5))
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                here.there.thaw(pid)
    here.finish(run)
    if here.there.rays[node].process.poll() is not None:
        here.scene.note(f"Ray had ended on node {node}")
        here.there.restart_ray(node)


def _is_another(here: Scenario, before: Mapping[int, Process]) -> bool:
    """Whether an agent is there that was not there before."""
    known = {process.pid for process in before.values()}
    return any(one.pid not in known for one in here.scene.agents().values())


def must_know_in(seconds: float, found: float, what: str) -> None:
    """Raise `Violation` unless something was known in time."""
    if found > seconds:
        raise Violation(f"{what} was known after {found:.1f} s, not in {seconds:g} s")
