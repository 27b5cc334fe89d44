"""The long versions: `python -m tests.faults kill --runs 200 --resources 100`, `... speed`, `... queue`."""

import argparse
import json
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from bep.disk.durable import At
from bep.providers.state.place import Place
from tests.faults.killing import kill_at_random
from tests.faults.queueing import queue_at_random
from tests.faults.speed import speeds


@contextmanager
def _place(folder: Path) -> Iterator[Callable[[At], Place]]:
    """Places of one state in an emulator that runs meanwhile."""
    from bep.providers.state.azure_blob.place import BlobPlace, BlobSettings
    from tests.services.azurite import emulated

    (folder / "azurite").mkdir()
    with emulated(folder / "azurite") as emulator:
        emulator.container("states")
        settings = BlobSettings(emulator.url, "states", "state.json")
        environment = {"AZURE_STORAGE_KEY": emulator.key}
        yield lambda at: BlobPlace(settings, home=folder / "home", environment=environment, at=at)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    commands = parser.add_subparsers(dest="command", required=True)
    kill = commands.add_parser("kill", help="kill applies at random moments and see whether anything is lost")
    kill.add_argument("--runs", type=int, default=200)
    kill.add_argument("--resources", type=int, default=100)
    kill.add_argument("--seed", type=int, default=0)
    kill.add_argument("--blob", action="store_true", help="the state is a blob in Azurite: make services")
    speed = commands.add_parser("speed", help="how long instant creates take, durably")
    speed.add_argument("--resources", type=int, nargs="+", default=[1000, 5000])
    queue = commands.add_parser("queue", help="kill who looks after a queue at random moments, with ten jobs in it")
    queue.add_argument("--rounds", type=int, default=50)
    queue.add_argument("--jobs", type=int, default=10)
    queue.add_argument("--seed", type=int, default=0)
    queue.add_argument("--hosts", action="store_true", help="the processes of the jobs as well")
    queue.add_argument("--server", action="store_true", help="it is `bep serve` that is killed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.command == "kill":
            with _place(Path(folder)) if asked.blob else nullcontext() as place:
                tally = kill_at_random(
                    Path(folder, "world"), runs=asked.runs, resources=asked.resources, seed=asked.seed, place=place
                )
            found = {
                "state": "blob" if asked.blob else "file",
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
        elif asked.command == "queue":
            how = {"jobs": asked.jobs, "seed": asked.seed, "hosts": asked.hosts, "server": asked.server}
            seen = queue_at_random(Path(folder, "world"), rounds=asked.rounds, **how)
            print(json.dumps({**how, **asdict(seen), "machine": platform.platform()}))
        else:
            for figures in speeds(Path(folder), asked.resources):
                print(json.dumps({**figures, "machine": platform.platform()}))


if __name__ == "__main__":
    main()
