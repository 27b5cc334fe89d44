"""Links that are cut: for a moment, for longer than `node_timeout`, for good."""

import time

from tests.cluster.faults.scenario import Scenario
from tests.cluster.judging import must_be_clean
from tests.cluster.waiting import eventually


def cut_6(here: Scenario) -> None:
    """The link of a node is down for 6 s."""
    _cut(here, 6)


def cut_20(here: Scenario) -> None:
    """The link of a node is down for 20 s."""
    _cut(here, 20)


def cut_for_good(here: Scenario) -> None:
    """The link of a node is down until the job is over; nothing of it may be left there before it is healed."""
    run, node = here.begun(), here.other()
    here.there.cut(node)
    try:
        here.scene.note(f"link of node {node} cut, known after {here.lost_after(run):.1f} s")
        here.scene.pace(0.02)
        run.ended()
        must_be_clean(here.scene, run.job, cut=node)
    finally:
        here.there.heal(node)
    here.finish(run)
    here.there.restart_ray(node)


def _cut(here: Scenario, seconds: float) -> None:
    run, node = here.begun(0.25), here.other()
    before = here.scene.called_on().count(f"node{node}")
    here.there.cut(node)
    try:
        time.sleep(seconds)
    finally:
        here.there.heal(node)
    scored = here.scene.called_on().count(f"node{node}") - before
    lost = run.told().get("nodes_lost")
    here.scene.note(f"link of node {node} cut for {seconds:g} s; {scored} calls there meanwhile, nodes lost: {lost}")
    here.finish(run)
    _again(here, node)


def _again(here: Scenario, node: int) -> None:
    """Ray is to run on the node that was cut off: its raylet may have ended, for its head took it for dead."""
    address = here.there.nodes[node].address
    time.sleep(2)
    if here.there.rays[node].process.poll() is not None or address not in here.there.alive():
        here.there.restart_ray(node)
    eventually("Ray has the node again", lambda: address in here.there.alive())
