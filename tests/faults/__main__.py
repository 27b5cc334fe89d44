"""The long versions: `python -m tests.faults kill --runs 200 --resources 100`, `... speed`, `... queue`,
`... shards`."""

import argparse
import json
import platform
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bep.disk.durable import At
from bep.providers.state.place import Place
from tests.faults.killing import kill_at_random
from tests.faults.queueing import queue_at_random
from tests.faults.shard_faults import SORTS
from tests.faults.shard_judging import Violation
from tests.faults.sharding import shards_at_random
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


def _shards(asked: argparse.Namespace) -> int:
    """Exit code 1 at the first violation, whose folder is kept."""
    folder = Path(tempfile.mkdtemp(prefix="bep-shards-"))
    how = {
        "rounds": asked.rounds,
        "first": asked.first,
        "seed": secrets.randbelow(10**6) if asked.seed is None else asked.seed,
        "ftp_every": asked.ftp_every,
        "only": asked.only,
    }
    print(f"seed {how['seed']}, in {folder}", flush=True)
    try:
        seen = shards_at_random(folder / "world", **how, say=partial(print, flush=True))
    except Violation as found:
        print(f"violated: {found}")
        return 1
    for what, count in sorted(seen.counts.items()):
        print(f"{what:45} {count:6}")
    figures = {**how, "violations": 0, "seconds": round(seen.seconds), "machine": platform.platform()}
    print(json.dumps({**figures, **dict(sorted(seen.counts.items()))}))
    shutil.rmtree(folder)
    return 0


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
    shards = commands.add_parser("shards", help="kill, freeze and starve what scores and merges eight shards")
    shards.add_argument("--rounds", type=int, default=60)
    shards.add_argument("--first", type=int, default=0, help="the number of the first round: one alone, or a half")
    shards.add_argument("--seed", type=int, help="of the faults and their moments; else by chance, and said")
    shards.add_argument("--ftp-every", type=int, default=3, help="which rounds go by FTP: 0 none, 1 all")
    shards.add_argument("--only", nargs="+", default=[], choices=SORTS, help="these sorts of fault in every round")
    asked = parser.parse_args()
    if asked.command == "shards":
        sys.exit(_shards(asked))
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
