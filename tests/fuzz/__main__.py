"""`python -m tests.fuzz`: whole commands over wrong documents and damaged files. Exits 1 on a traceback or a hang."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.fuzz.running import Bench, Fault
from tests.fuzz.scene import make
from tests.fuzz.trials import Trial, damages, documents

PATIENCE = 120.0
"""Seconds that a command may take before it counts as one that hangs."""


def main() -> int:
    """Fuzz as the command line asks, and print the figure."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--seconds", type=float, default=300, help="stop after so long (default 300)")
    asked.add_argument("--trials", type=int, default=None, help="stop after so many trials")
    asked.add_argument("--seed", type=int, default=None, help="where chance begins (default: anywhere; it is printed)")
    asked.add_argument("--only", default="", help="only trials whose words have this text in them")
    asked.add_argument("--patience", type=float, default=PATIENCE, help="seconds that a command may take")
    given = asked.parse_args()
    seed = random.randrange(1 << 32) if given.seed is None else given.seed
    tempfile.tempdir = tempfile.mkdtemp(prefix="bep-fuzz-")
    print(f"seed {seed}, in {tempfile.tempdir}", flush=True)
    faults: list[Fault] = []
    tried = commands = 0
    bench = Bench(make(Path(tempfile.tempdir) / "workspace"))
    until = time.monotonic() + given.seconds
    trials = (trial for trial in chosen(bench.workspace, random.Random(seed)) if given.only in trial.words)
    for trial in islice(trials, given.trials):
        found = bench.attempt(trial, given.patience)
        for fault in found:
            print(f"\n{fault}", flush=True)
        faults += found
        tried, commands = tried + 1, commands + len(trial.commands)
        if time.monotonic() > until:
            break
    hangs = sum(fault.what.startswith("no end") for fault in faults)
    print(f"\n{tried} documents tried, {commands} commands: {len(faults) - hangs} tracebacks, {hangs} hangs")
    return 1 if faults else 0


def chosen(workspace: Path, chance: random.Random) -> Iterator[Trial]:
    """Documents with a field wrong, in any order, and between them files that were damaged; then those alone."""
    every = list(documents())
    chance.shuffle(every)
    damaged = damages(workspace, chance)
    for trial in every:
        yield trial
        yield next(damaged)
    yield from damaged


if __name__ == "__main__":
    sys.exit(main())
