"""Counts what the engine's own process executes for each mini-batch, which no other work on the machine can move.

    python -m tests.benchmarks.instructions [--mini-batches 4000]

Needs valgrind on PATH. The engine runs twice under callgrind, with few mini-batches of one file and with many; the
difference, without what starting costs, is divided by their number. Workers run at their own speed and are not counted,
nor is making the inputs: that was three quarters of what this told until it was done by another process.
Prints a line of JSON. To compare two commits, run it in a checkout of each.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import scoring

FEW = 500


def instructions(mini_batches: int) -> int:
    """What the process of the engine executes for a whole run of so many mini-batches."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        sys.exit("valgrind is not on PATH: install it (apt-get install valgrind), then run this again")
    counting = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    scoring.Work("overhead", mini_batches, 1)
    engine = [sys.executable, "-m", "tests.benchmarks.instructions", "--of", str(mini_batches), "--in"]
    try:
        told = subprocess.run(
            [*counting, *engine, str(scoring.ROOT)], check=True, capture_output=True, text=True
        ).stderr
    finally:
        shutil.rmtree(scoring.ROOT)
    found = re.search(r"refs:\s+([\d,]+)", told)
    if found is None:
        sys.exit(f"valgrind said no number of instructions:\n{told}")
    return int(found[1].replace(",", ""))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mini-batches", type=int, default=4000)
    parser.add_argument("--of", type=int, help="run the engine on so many mini-batches, and measure nothing")
    parser.add_argument("--in", dest="root", type=Path, help="the folder where they are")
    asked = parser.parse_args()
    if asked.of:
        shutil.rmtree(scoring.ROOT)
        scoring.engine(scoring.Work("overhead", asked.of, 1, root=asked.root, is_there=True))
        return
    start = instructions(FEW)
    every = instructions(FEW + asked.mini_batches)
    told = {"start": start, "mini_batch": round((every - start) / asked.mini_batches)}
    print(json.dumps({"instructions": told, "mini_batches": asked.mini_batches}))


if __name__ == "__main__":
    main()
