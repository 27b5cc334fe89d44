"""Shares that are full, scripts that take all memory, and scripts that leave processes behind."""

import errno
import time
from pathlib import Path

from tests.cluster.faults.scenario import Scenario
from tests.cluster.judging import judge
from tests.cluster.scene import GREEDY, Violation, rows_of


def daemons(here: Scenario) -> None:
    """Nothing befalls it: children and daemons of the script are gone at its end."""
    run = here.begun()
    found = {node: sum("sleep" in one.command for one in left) for node, left in here.scene.left().items()}
    here.scene.note(f"children and daemons of the script on nodes: {found}")
    if sum(found.values()) < 2 * len(here.scene.up()):
        raise Violation(f"the script has fewer children and daemons than it started: {found}")
    here.finish(run)


def full(here: Scenario) -> None:
    """The share is full for some seconds. The job waits, or ends with an error and is resumed."""
    run = here.begun()
    ballast = here.scene.share / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError as why:
            if why.errno != errno.ENOSPC:
                raise
    here.scene.note("share full")
    time.sleep(here.chance.uniform(2, 15))
    ballast.unlink()
    here.scene.note("share has room")
    here.scene.pace(0.02)
    if code := run.ended(0, 1):
        here.scene.note(f"the client ended with {code}: {run.said.read_text().strip().splitlines()[-3:]}")
        run.resume(here.where)
    here.finish(run)


def greedy(here: Scenario) -> None:
    """An item takes memory without end: its worker is lost, its item fails, and no node is lost for it."""
    mark = here.scene.folder / "greedy"
    mark.touch()
    try:
        run = here.begun()
        here.scene.pace(0.02)
        run.ended()
    finally:
        mark.unlink()
    lost = (run.told().get("nodes_lost"), run.told().get("workers_lost"))
    here.scene.note(f"nodes and workers lost: {lost}")
    if lost[0]:
        raise Violation(f"a greedy item took its node down: {run.told()}")
    greedy = f"{GREEDY:03}.txt"
    failed = [item for item in here.scene.failed_items(run.job) if Path(str(item[0])).name == greedy]
    if len(failed) != 1 or greedy in rows_of(here.scene.work.output(run.job)):
        raise Violation(f"the greedy item has not failed: {here.scene.failed_items(run.job)}")
    judge(run, without=greedy)
