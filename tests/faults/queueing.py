"""Kill who looks after a queue, and the processes of jobs, at random moments: no job is lost, none is run twice."""

import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bep.app.queue.queue import STARTS
from tests.bep.conftest import surroundings
from tests.bep.queue_workspace import Line, made

ITEMS = "abcd"
DISPATCHER = "tests.faults.dispatcher"
ROOT = Path(__file__).parents[2]


@dataclass
class Tally:
    """What was seen. `others` are kills of processes that ran a job, or were about to."""

    rounds: int = 0
    jobs: int = 0
    kills: int = 0
    others: int = 0
    lost: int = 0
    twice: int = 0
    differing: int = 0
    over: int = 0
    seconds: float = 0.0


def queue_at_random(
    folder: Path,
    *,
    rounds: int,
    jobs: int = 10,
    instances: int = 3,
    seed: int = 0,
    hosts: bool = False,
    server: bool = False,
) -> Tally:
    """In each round so many jobs are ordered, and whoever dispatches them is killed again and again until all are over:
    `bep serve`, or a process that does no more than that. With `hosts` the processes of the jobs are killed, too.
    """
    watcher = [sys.executable, "-m", *(("bep", "serve", "--port", "0", "--json") if server else (DISPATCHER,))]
    began, chance, tally = time.monotonic(), random.Random(seed), Tally()
    line = made(folder, instances=instances, seconds=0.1 if hosts else 0.01, items=ITEMS)
    line.workspace.bep("run", "job.yml", "--name", "undisturbed")
    wanted = line.output("undisturbed")
    for number in range(rounds):
        (folder / "ledger").unlink(missing_ok=True)
        names = [f"round{number}-{job}" for job in range(jobs)]
        sizes = {name: chance.randint(1, instances) for name in names}
        for name in names:
            line.order(name, instance_count=sizes[name])
        _until_over(line, names, watcher, chance, tally, hosts=hosts)
        _judge(line, names, sizes, instances, wanted, tally, hosts=hosts)
        tally.rounds += 1
        tally.jobs += jobs
    tally.seconds = time.monotonic() - began
    return tally


def _until_over(
    line: Line, names: list[str], watcher: list[str], chance: random.Random, tally: Tally, *, hosts: bool
) -> None:
    killed: Counter[str] = Counter()
    for _ in range(10_000):
        with subprocess.Popen(
            watcher,
            cwd=line.folder,
            env={**surroundings(), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as dispatcher:
            assert dispatcher.stdout is not None
            assert dispatcher.stdout.readline()  # it has begun
            time.sleep(chance.uniform(0, 1.0))
            if hosts:
                _kill_one(line, killed, chance)
            dispatcher.kill()
        tally.kills += 1
        statuses = line.statuses()
        if all(statuses[name] in ("Completed", "Failed", "Canceled") for name in names):
            tally.others += killed.total()
            return
    raise AssertionError(f"they never end: {line.statuses()}")


def _kill_one(line: Line, killed: Counter[str], chance: random.Random) -> None:
    """Kill the process of a job, or one that makes a job ready; each less often than would make bep give it up."""
    hosted = [one for one in line.queue.tickets() if one.host and killed[one.job] < STARTS - 1]
    if not hosted:
        return
    one = chance.choice(hosted)
    if line.queue.presence.interrupt(one.host, at_once=True) is not None:
        killed[one.job] += 1


def _judge(
    line: Line,
    names: list[str],
    sizes: dict[str, int],
    instances: int,
    wanted: bytes,
    tally: Tally,
    *,
    hosts: bool,
) -> None:
    ledger, statuses = line.ledger(), line.statuses()
    scored = Counter((job, item) for what, job, item in ledger if what == "end")
    tally.lost += sum(statuses[name] != "Completed" for name in names)
    tally.differing += sum(statuses[name] == "Completed" and line.output(name) != wanted for name in names)
    if not hosts:  # an item that was being scored when its process was killed is scored again, by right
        tally.twice += sum(many != 1 for many in scored.values()) + sum(line.jobs.get(name).runs != 1 for name in names)
        tally.over += _over(ledger, sizes, instances)


def _over(ledger: list[tuple[str, str, str]], sizes: dict[str, int], instances: int) -> int:
    """How often jobs had more instances at once than there are: one has its own from its first item to its last."""
    last = {job: number for number, (_, job, _) in enumerate(ledger)}
    there: set[str] = set()
    found = 0
    for number, (_, job, _) in enumerate(ledger):
        if job not in there:
            there.add(job)
            found += sum(sizes[one] for one in there) > instances
        there -= {job} if last[job] == number else set()
    return found
