"""Kill, freeze and starve what scores and merges shards, at random moments: the output is an undisturbed run's."""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.shard_faults import ANYWHERE, OF_A_SHARE, Disturbed
from tests.faults.shard_judging import Violation, judge
from tests.faults.shard_scene import SHARDS, Scene, made

LANES = 3
"""How many shards are scored at once."""


@dataclass
class Tally:
    """What was done and seen, `counts` by names that can be read."""

    rounds: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """One round: the job (and so the share), which sorts of fault there are, and which befall each index."""

    number: int
    job: str
    sorts: tuple[str, ...]
    of: Mapping[int, tuple[str, ...]]


def shards_at_random(
    folder: Path,
    *,
    rounds: int,
    seed: int = 0,
    ftp_every: int = 3,
    first: int = 0,
    seconds: float = 0.12,
    only: Collection[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Tally:
    """So many rounds from the number `first` on, each `ftp_every`-th by FTP. Raises `Violation` at the first that is
    not as it has to be, with all that is needed in the folder, no process left and nothing mounted."""
    began, tally = time.monotonic(), Tally()
    scene = made(folder, seconds)
    try:
        for number in range(first, first + rounds):
            plan = planned(seed, number, ftp_every, can_be_full=scene.is_mounted, only=only)
            say(f"round {number}, {plan.job}: {', '.join(plan.sorts)}")
            try:
                _round(scene, plan, random.Random(f"{seed}-{number}"), tally.counts)
            except Exception as found:
                raise Violation(f"round {number} of seed {seed}: {found}\n{plan}\nlook at {folder}") from found
            tally.rounds += 1
            tally.seconds = time.monotonic() - began
    finally:
        scene.end()
    return tally


def planned(seed: int, number: int, ftp_every: int, *, can_be_full: bool, only: Collection[str] = ()) -> Plan:
    """What is to befall a round: these sorts alone, or else every sort has its turn, and others come by chance."""
    chance = random.Random(f"plan {seed}-{number}")
    job = "ftp" if ftp_every and number % ftp_every == ftp_every - 1 else "folder"
    possible = [*ANYWHERE, *(["full"] if can_be_full else []), *(["gone", "gone"] if job == "ftp" else [])]
    own = possible[number % len(possible)]
    others = [sort for sort in dict.fromkeys(possible) if sort != own]
    sorts = set(only) or {own, *chance.sample(others, chance.choice((1, 1, 2)))}
    of: dict[int, tuple[str, ...]] = {}
    for sort in sorted(sorts - {*OF_A_SHARE, "merge"}):
        for index in chance.sample(range(SHARDS), 2 if sort in ("kill", "workers") else 1):
            of[index] = (*of.get(index, ()), sort)
    return Plan(number, job, tuple(sorted(sorts)), of)


def _round(scene: Scene, plan: Plan, chance: random.Random, counts: Counter[str]) -> None:
    scene.reset(plan.job)
    share_faults = [sort for sort in plan.sorts if sort in OF_A_SHARE]
    here = Disturbed(scene, plan.job, counts, is_troubled=bool(share_faults))
    own = {index: random.Random(chance.random()) for index in range(SHARDS)}
    with ThreadPoolExecutor(LANES + 1, "lane") as lanes:
        troubled = lanes.submit(_trouble, here, share_faults, random.Random(chance.random())) if share_faults else None
        order = chance.sample(range(SHARDS), SHARDS)
        for done in [lanes.submit(_lane, here, plan, index, own[index]) for index in order]:
            done.result()
        if troubled:
            troubled.result()
    here.is_troubled = False
    if any("otherwise" in sorts for sorts in plan.of.values()):
        shards = chance.choice((1, 3, 5))
        here.note("what was missing cut otherwise")
        for shard in range(shards):
            here.complete(chance, f"{shard}/{shards}")
    here.complete(chance, f"{chance.randrange(SHARDS)}/{SHARDS}")  # finds all there, and sweeps
    _merge(here, chance, is_killed="merge" in plan.sorts)
    counts["sessions that found the share full"] += sum("No space left" in said for said in scene.said)
    counts["calls of run()"] += scene.calls
    counts["calls beyond an undisturbed run's"] += scene.calls - scene.undisturbed
    counts["files of killed writers in the share"] += judge(scene, plan.job)
    counts[f"rounds, {plan.job}"] += 1


def _lane(here: Disturbed, plan: Plan, index: int, chance: random.Random) -> None:
    """All that befalls one index, and then, but for one that is left to others, its end."""
    which, sorts = f"{index}/{SHARDS}", plan.of.get(index, ())
    for sort in sorts:
        getattr(here, sort)(chance, which)
    if "otherwise" not in sorts:
        here.complete(chance, which)


def _trouble(here: Disturbed, sorts: list[str], chance: random.Random) -> None:
    """Whatever befalls the share, while the lanes are at work."""
    for sort in sorts * chance.choice((1, 2)):
        time.sleep(chance.uniform(1, 8))
        getattr(here, sort)(chance)


def _merge(here: Disturbed, chance: random.Random, *, is_killed: bool) -> None:
    if is_killed:
        here.merge(chance, span=4.0)
    here.ended(here.scene.merge(here.job), 0)
