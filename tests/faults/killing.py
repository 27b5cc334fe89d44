"""Kill an apply at random moments, look, let it finish, look again. Each kill is of a real process."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bep.disk.durable import At
from bep.providers.state.place import Place
from bep.schemas.address import Address
from bep.schemas.resource import Resource
from tests.faults.child import Child, die_at
from tests.faults.scene import Scene, wanted


@dataclass
class Tally:
    """What was seen. `pending` counts kills that left an intent without an outcome."""

    kills: int = 0
    finished_first: int = 0
    midway: int = 0
    pending: int = 0
    seconds: float = 0.0
    made: Counter[Address] = field(default_factory=Counter)


def kill_at_random(
    folder: Path, *, runs: int, resources: int, seed: int, place: Callable[[At], Place] | None = None
) -> Tally:
    """Each run wants another world, is killed once or more on the way, and must then be made to fit, made once."""
    began, chance = time.monotonic(), random.Random(seed)
    scene, tally = Scene.of(folder, place=place), Tally()
    span = 0.0
    for run in range(runs + 1):
        after = wanted(run, resources)
        makings = scene.makings(after)
        if run == 0:  # the first is left in peace, to know how long one takes
            start = time.monotonic()
            scene.attempt(after)
            span = time.monotonic() - start
        else:
            span *= _kill(scene, after, chance, span, tally)
            while chance.random() < 0.3:
                span *= _kill(scene, after, chance, span, tally)
            report = scene.attempt(after)
            assert report is None or report.ok, report
        scene.settled(after)
        tally.made.update(makings)
        assert scene.made() == dict(tally.made), "something was made twice, or lost"
    tally.seconds = time.monotonic() - began
    return tally


def kill_at_every_step(copied: Callable[[str], Scene], after: list[Resource], made: Mapping[Address, int]) -> set[str]:
    """Kill an apply of `after` at each of its steps, each time in a copy of a scene, which must then be made to fit.

    `copied` makes a copy under a name, `made` is how often an object of each address is to have come into being then.
    The names of the steps.
    """
    steps: list[str] = []
    whole = copied("whole").attempt(after, at=steps.append, parallelism=1)
    assert whole is not None
    assert whole.ok
    for number, step in enumerate(steps):
        scene, at = copied(str(number)), die_at(number)
        child = Child(lambda ready: scene.attempt(after, at=at, parallelism=1))  # noqa: B023
        assert child.ended() == -9, step
        assert scene.readable() is not None, step
        report = scene.attempt(after)
        assert report is None or report.ok, step
        scene.settled(after)
        assert scene.made() == made, step
    return set(steps)


def _kill(scene: Scene, after: list[Resource], chance: random.Random, span: float, tally: Tally) -> float:
    """By how much the next span is longer: shorter after a kill that came too late, for machines change their pace."""
    child = Child(lambda ready: scene.attempt(after, ready=ready))
    assert child.wait_until_ready()
    time.sleep(chance.uniform(0, span))
    child.kill()
    was_late = child.ended() == 0
    if was_late:
        tally.finished_first += 1
    else:
        tally.kills += 1
    stored = scene.store().load()
    assert stored is not None
    tally.pending += bool(stored.pending)
    state = scene.readable()
    assert state is not None
    wishes = {resource.address: resource.attributes for resource in after}
    entries = {address: entry.attributes for address, entry in state.entries.items()}
    tally.midway += entries != wishes
    return 0.8 if was_late else 1.05
