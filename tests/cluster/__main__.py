"""Faults on a real Ray cluster: `python -m tests.cluster agent raylet`, `... all`, `... random --rounds 60 --seed 1`.

Nodes are namespaces of this machine, so this needs root. Each fault befalls a job of its own; the cluster goes on.
Exit code 1 at the first violation, whose folder is kept.
"""

import argparse
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.cluster.faults import FAULTS
from tests.cluster.faults.scenario import Scenario
from tests.cluster.ray_cluster import missing_for_ray
from tests.cluster.scene import Scene, Violation, scene


def _drawn(wished: list[str], seed: int, number: int) -> str:
    """The fault of a round: each has its turn, in an order by chance, before one comes again."""
    turn, place = divmod(number, len(wished))
    return random.Random(f"order {seed}-{turn}").sample(wished, len(wished))[place]


def _once(scene: Scene, name: str, seed: str, rest: bool | None) -> None:
    """One fault, with all that chance says of it."""
    chance = random.Random(seed)
    by_rest = chance.random() < 0.3 if rest is None else rest
    began = time.monotonic()
    scene.facts = []
    try:
        FAULTS[name](Scenario(scene, chance, None if by_rest else 0))
    except Exception as found:
        if not isinstance(found, Violation):
            traceback.print_exc(file=sys.stdout)
        raise Violation(f"{name} of seed {seed}: {found}\nlook at {scene.folder}") from found
    finally:
        print(f"{name} ({seed}), {time.monotonic() - began:.0f} s: " + "; ".join(scene.facts), flush=True)


def main() -> int:
    """What went wrong: 0 is nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument(
        "faults", nargs="+", choices=[*FAULTS, "all", "random"], metavar="FAULT", help=", ".join(FAULTS)
    )
    parser.add_argument("--rounds", type=int, default=1, help="how often each, or how many random ones")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--seed", type=int, help="of the moments, and of random faults; else by chance, and said")
    parser.add_argument("--nodes", type=int, help="2, or 3 for random ones")
    parser.add_argument("--workers", type=int, default=1, help="on each node")
    client = parser.add_mutually_exclusive_group()
    client.add_argument("--rest", action="store_true", default=None, help="the client is outside the cluster")
    client.add_argument("--inside", action="store_false", dest="rest", help="it is on a node; else by chance")
    asked = parser.parse_args()
    if reason := missing_for_ray():
        print(reason)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which leaves no cluster and no mount
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    is_random = "random" in asked.faults
    wished = list(FAULTS) if "all" in asked.faults or is_random else asked.faults
    folder = Path(tempfile.mkdtemp(prefix="bep-cluster-"))
    print(f"seed {seed}, in {folder}", flush=True)
    counts: Counter[str] = Counter()
    try:
        with scene(folder, asked.nodes or (3 if is_random else 2), asked.workers) as made:
            for number in range(asked.first, asked.first + asked.rounds):
                for name in [_drawn(wished, seed, number)] if is_random else wished:
                    _once(made, name, f"{seed}-{number}", asked.rest)
                    counts[name] += 1
    except Violation as found:
        print(f"violated: {found}")
        return 1
    finally:
        print(", ".join(f"{name} {many}" for name, many in sorted(counts.items())), "without a violation", flush=True)
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
