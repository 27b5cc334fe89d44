"""A job that is scored on a cluster, what befalls it, and what an undisturbed run of this machine's engine gives.

The share is a small mount of its own, so that it can be full. Every worker starts a child and a daemon: whatever ends,
they have to end, too. The nodes see the folder of the scene, in which the script notes its calls.
"""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.cluster.machines import Process
from tests.cluster.ray_cluster import Cluster, cluster
from tests.cluster.ray_parts import is_of_ray
from tests.cluster.workspace import ClusterWorkspace

ITEMS: Final = 400
SIZE: Final = 2
RETRYING: Final = "retry_settings: {max_retries: 2, timeout: 60}"
GREEDY: Final = 200
SPECIAL: Final = {
    GREEDY: "greedy",
    **dict.fromkeys((7, 140, 371), "bad"),
    **dict.fromkeys((12, 133, 258), "once"),
    **dict.fromkeys((90, 264), "drop"),
}
"""What befalls some items: each call that has it raises, the first one does, or there is no row of it; it takes
much memory where the scene has a file `greedy`."""
MEMORY: Final = 2_000_000_000
"""Bytes that a node says it has for each worker: a greedy item takes more, and is to be ended before."""
AGENT: Final = "bep.app.cluster_agent"
DRIVER: Final = "bep.runner.cluster.main"
DAEMON: Final = "98765"
"""Seconds that the children of the script would sleep."""

SCRIPT: Final = """\
import os
import subprocess
import time

HERE = {here!r}

def marked(kind, name):
    try:
        os.close(os.open(os.path.join(HERE, kind, str(name)), os.O_CREAT | os.O_EXCL))
    except OSError:
        return False
    return True

def init():
    subprocess.Popen(["sleep", {daemon!r}])
    subprocess.Popen(["setsid", "sleep", {daemon!r}], start_new_session=True)

def run(mini_batch):
    with open(os.path.join(HERE, "calls"), "a") as calls:
        calls.write(os.uname().nodename + " " + os.path.basename(mini_batch[0]) + "\\n")
    with open(os.path.join(HERE, "seconds")) as seconds:
        time.sleep(float(seconds.read()))
    rows = []
    for path in mini_batch:
        name = os.path.basename(path)
        with open(path) as stream:
            what, rest = stream.read().split()
        if what == "greedy" and os.path.exists(os.path.join(HERE, "greedy")):
            held = []
            while len(held) < 50:
                held.append(b"x" * 60_000_000)
                time.sleep(0.05)
        if what == "bad" or (what == "once" and marked("tried", name)):
            raise ValueError(name + " is " + what)
        if what != "drop":
            rows.append(name + " " + rest)
    return rows
"""


class Violation(Exception):
    """Something is not as it has to be; the folder of the scene has all that is needed to look at it."""


@dataclass
class Scene:
    """`wanted` and `failed` are the output and the failed items of an undisturbed run here. `facts` are said of what
    was seen; `workers` a node are at work."""

    folder: Path
    there: Cluster
    workers: int = 1
    wanted: bytes = b""
    failed: list[tuple[object, ...]] = field(default_factory=list)
    jobs: int = 0
    facts: list[str] = field(default_factory=list)
    work: ClusterWorkspace = field(init=False)

    def __post_init__(self) -> None:
        settings = f"mini_batch_size: {SIZE}, max_concurrency_per_instance: {self.workers}, {RETRYING}"
        script = SCRIPT.format(here=str(self.folder), daemon=DAEMON)
        nodes, share = len(self.there.nodes), str(self.share)
        self.work = ClusterWorkspace(
            self.there, self.folder, script, self.share / "inputs", share, settings, node_timeout=6, nodes=nodes
        )

    @property
    def share(self) -> Path:
        return self.folder / "share"

    def make(self) -> None:
        """Lay the inputs, and run the job here."""
        (self.share / "inputs").mkdir()
        (self.folder / "tried").mkdir()
        for item in range(ITEMS):
            text = f"{SPECIAL.get(item, 'plain')} {'row' * (item % 50)}.\n"
            (self.share / f"inputs/{item:03}.txt").write_text(text)
        self.work.make()
        self.pace(0)
        self.work.bep("run", "job.yml", "--deployment", "green", "--name", "here", "--output-path", "here")
        self.wanted, self.failed = self.work.output("here"), self.failed_items("here")
        (self.folder / "undisturbed").write_text(str(self.calls))

    def failed_items(self, job: str) -> list[tuple[object, ...]]:
        """Name, position and type of error of the items that failed, as a job lists them."""
        lines = (self.work.job(job) / "failed_items.jsonl").read_text().splitlines()
        return [(told["item"], told["position"], told["type"]) for told in map(json.loads, lines)]

    def pace(self, seconds: float) -> None:
        """How long a call of `run()` takes from now on."""
        new = self.folder / "seconds.new"
        new.write_text(str(seconds))
        new.replace(self.folder / "seconds")

    @property
    def calls(self) -> int:
        """How many calls have begun since the job was begun."""
        return len(self.called_on())

    def called_on(self) -> list[str]:
        """The node of each call, in their order."""
        with suppress(FileNotFoundError):
            return [line.split()[0] for line in (self.folder / "calls").read_text().splitlines()]
        return []

    def note(self, fact: str) -> None:
        """Say something of this run, and write down when."""
        self.facts.append(fact)
        with (self.folder / "faults.txt").open("a") as log:
            log.write(f"{time.time():.3f} {fact}\n")

    def forget(self) -> None:
        """Let calls, facts and first tries be those of a job that is to begin now."""
        self.jobs += 1
        self.facts = []
        shutil.rmtree(self.folder / "tried")
        (self.folder / "tried").mkdir()
        (self.folder / "calls").unlink(missing_ok=True)

    # What is found on nodes

    def found(self, node: int, module: str) -> list[Process]:
        """The processes on a node that run a module of bep's."""
        living = [one for one in self.there.processes(node) if one.state != "Z"]
        return [one for one in living if module in one.command and one.command[0] != "sh"]

    def up(self) -> list[int]:
        """The nodes whose machine runs."""
        return [node.number for node in self.there.nodes if node.is_up()]

    def agents(self) -> dict[int, Process]:
        """The agents that live, by node."""
        return {node: found[0] for node in self.up() if (found := self.found(node, AGENT))}

    def left(self) -> dict[int, list[Process]]:
        """What runs on nodes and is neither Ray's nor idle."""
        found = {node: [one for one in self.there.processes(node) if not is_of_ray(one)] for node in self.up()}
        return {node: processes for node, processes in found.items() if processes}


@contextmanager
def small_share(folder: Path, size: str = "64m") -> Iterator[Path]:
    """A mount that can be full. Machines made afterwards see it."""
    place = folder / "share"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        shutil.copytree(place, folder / "share-left", ignore=shutil.ignore_patterns("inputs", "ballast"))
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def scene(folder: Path, nodes: int, workers: int = 1) -> Iterator[Scene]:
    """A scene on a new cluster, made ready."""
    with small_share(folder), cluster(nodes, folder, cpus=workers, memory=workers * MEMORY) as there:
        made = Scene(folder, there, workers)
        made.make()
        yield made


def rows_of(output: bytes) -> Counter[str]:
    """How many rows each item has."""
    return Counter(line.split()[0] for line in output.decode().splitlines())
