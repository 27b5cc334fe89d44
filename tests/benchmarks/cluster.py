"""Scores the same files on one Ray cluster with bep and as somebody without bep would, interleaved in one run.

    python -m tests.benchmarks.cluster --set-up          # once: an environment with Ray Data, from the registry
    python -m tests.benchmarks.cluster [--repeat 3] [--only tiny,million,sleep,work] [--peers bep,ranges,calls,ray_data]

Two nodes of one CPU each on this machine. `whole` is the whole command of a client on the head's node, start to exit;
`scoring` is from when all actors are ready until all rows are there. Of bep, whose nodes begin one by one, it is how
long each worker had on average, from when it was ready until the last commit. Both are medians; trust the ratios. Every
peer has to write the same bytes. `calls` is an actor called once for each mini-batch, `ranges` the fair peer: an actor
that is told ranges of many. Prints Markdown tables and, last, a line of JSON. Needs root.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.cluster_figures import NODES, PEERS, Seen, tables
from tests.cluster.ray_cluster import Cluster, cluster, missing_for_ray
from tests.cluster.workspace import ClusterWorkspace
from tests.services.environments import build
from tests.services.places import RAY_DATA_PACKAGES, RAY_PYTHON, interpreter, ray_data_python

PROGRAM: Final = Path(__file__).with_name("cluster_peers.py")
READY: Final = "import os\ndef init():\n    open({here!r} + str(os.getpid()) + os.uname().nodename, 'w').close()\n"
SLEEP: Final = "import time\ndef run(mini_batch):\n    time.sleep({seconds})\n    return mini_batch\n"
WORK: Final = """import time
def run(mini_batch):
    until = time.thread_time() + {seconds}
    while time.thread_time() < until:
        pass
    return mini_batch
"""
SKEWED: Final = "(0.25 if int(mini_batch[0][-9:-4]) % 50 == 0 else 0.005)"


@dataclass(frozen=True)
class Load:
    """One workload: a script, how many items, how many a mini-batch; mini-batches a range of the fair peer, blocks of
    Ray Data."""

    script: str
    items: int
    size: int
    many: int
    blocks: int


LOADS: Final = {
    "tiny": Load(
        "def run(mini_batch):\n    return [open(path).read().strip() for path in mini_batch]\n", 20_000, 10, 250, 8
    ),
    "million": Load("def run(mini_batch):\n    return [len(path) for path in mini_batch]\n", 1_000_000, 100, 500, 20),
    "sleep": Load(SLEEP.format(seconds=SKEWED), 400, 1, 40, 40),
    "work": Load(WORK.format(seconds=SKEWED), 400, 1, 40, 40),
}


@dataclass
class Bench:
    """One workload on the cluster, below a folder of its own in the share. `begun` counts jobs."""

    there: Cluster
    share: Path
    name: str
    peers: tuple[str, ...]
    begun: int = 0

    @property
    def load(self) -> Load:
        return LOADS[self.name]

    @property
    def folder(self) -> Path:
        return self.share / self.name

    @property
    def ready(self) -> Path:
        """Where each worker leaves a file when its `init()` is called."""
        return self.folder / "ready"

    def make(self) -> None:
        """Lay the inputs, all with the content of their number but those of a million, which are empty."""
        self.folder.mkdir()
        self.ready.mkdir()
        inputs = self.folder / "inputs"
        inputs.mkdir()
        names = [f"{inputs}/{number:07d}.txt" for number in range(self.load.items)]
        for number, name in enumerate(names):
            if self.name == "million" and number:
                os.link(names[0], name)
            else:
                Path(name).write_text(f"{number}\n")
        (self.folder / "list").write_text("\n".join(names))
        script = READY.format(here=f"{self.ready}/") + self.load.script
        (self.folder / "score.py").write_text(script)
        settings = (
            f"mini_batch_size: {self.load.size}, max_concurrency_per_instance: 1, retry_settings: {{timeout: 600}}"
        )
        self.workspace = ClusterWorkspace(
            self.there, self.folder / "client", script, inputs, str(self.share), settings, nodes=NODES
        )
        if "bep" in self.peers:
            self.workspace.make()

    def measure(self, peer: str, seen: Seen) -> bytes:
        """Let a peer score all once; its rows."""
        for old in self.ready.iterdir():
            old.unlink()
        return self._bep(seen) if peer == "bep" else self._other(peer, seen)

    def _other(self, peer: str, seen: Seen) -> bytes:
        load, output = self.load, self.folder / "rows"
        more = {"ranges": [load.many], "ray_data": [load.blocks]}.get(peer, [])
        command = [str(self.there.python), str(PROGRAM), peer, str(self.folder / "score.py")]
        command += [str(self.folder / "list"), str(load.size), str(output), *map(str, more)]
        began = time.perf_counter()
        said = self.there.run(0, command, patience=600)
        seen.whole.append(time.perf_counter() - began)
        seen.scoring.append(json.loads(said.splitlines()[-1])["scoring"])
        return output.read_bytes()

    def _bep(self, seen: Seen) -> bytes:
        self.begun += 1
        job = f"{self.name}{self.begun}"
        said = self.folder / f"{job}.said"
        began = time.perf_counter()
        with watched(self.there, job, seen):
            client = self.workspace.start(0, "run", "job.yml", "--name", job, "--output-path", job, said=said)
            code = client.wait(900)
        seen.whole.append(time.perf_counter() - began)
        if code:
            raise SystemExit(f"bep ended with {code}: {said.read_text()}")
        commits = max(file.stat().st_mtime for file in (self.share / job / "commits").iterdir())
        seen.scoring.append(statistics.mean(commits - file.stat().st_mtime for file in self.ready.iterdir()))
        ((told),) = [json.loads(file.read_text()) for file in (self.share / job / "driving").glob("*.json")]
        seen.grants.append(told["grants"])
        return self.workspace.output(job)


@contextmanager
def watched(there: Cluster, job: str, seen: Seen) -> Iterator[None]:
    """Note the processor time and the memory of a job's driver, as they were last."""
    is_over = threading.Event()
    last: list[tuple[float, float]] = []

    def look() -> None:
        pid = 0
        while not is_over.wait(0.1):
            found = [
                one for one in there.processes(0) if job in one.command and "bep.runner.cluster.main" in one.command
            ]
            pid = found[0].pid if found else 0
            while pid and not is_over.wait(0.05):
                with suppress(OSError, ValueError):
                    last.append(used(pid))
                    continue
                break

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join()
    if last:
        seen.cpu.append(last[-1][0])
        seen.memory.append(max(memory for _, memory in last))


def used(pid: int) -> tuple[float, float]:
    """Seconds of processor time of a process so far, and the MB that it holds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(fields[21])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def compared(bench: Bench, repeat: int, slow: int) -> dict[str, Seen]:
    """So many times each peer, in turn; those that are slow, at most `slow` times."""
    bench.make()
    found = {peer: Seen() for peer in bench.peers}
    wanted = b""
    for turn in range(repeat):
        for peer, seen in found.items():
            if turn < slow or peer in ("bep", "ranges"):
                rows = bench.measure(peer, seen)
                wanted = wanted or rows
                if rows != wanted:
                    raise SystemExit(f"{peer} wrote other rows than {bench.peers[0]} of {bench.name}")
                print(
                    f"{bench.name} {peer}: whole {seen.whole[-1]:.2f}, scoring {seen.scoring[-1]:.2f}", file=sys.stderr
                )
    return found


@contextmanager
def share(folder: Path) -> Iterator[Path]:
    """A folder in memory, which has room for a million names."""
    place = folder / "share"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g,nr_inodes=0", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set-up", action="store_true", help="build the environment that has Ray Data")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--slow", type=int, default=1, help="how often what is slow takes part: Ray Data, calls")
    parser.add_argument("--only", default=",".join(LOADS))
    parser.add_argument("--peers", default=",".join(PEERS))
    wished = parser.parse_args()
    if wished.set_up:
        if (base := interpreter(RAY_PYTHON)) is None:
            sys.exit(f"no Python {RAY_PYTHON} here")
        build(ray_data_python(), base, RAY_DATA_PACKAGES)
        return
    if reason := missing_for_ray():
        sys.exit(reason)
    if not (ray_data_python().parent.parent / "made").exists():
        sys.exit("no Ray Data here: --set-up installs it")
    with (
        tempfile.TemporaryDirectory(prefix="bep-bench-") as name,
        share(Path(name)) as place,
        cluster(NODES, Path(name), cpus=1, python=ray_data_python()) as there,
    ):
        peers = tuple(wished.peers.split(","))
        found = {
            load: compared(Bench(there, place, load, peers), wished.repeat, wished.slow)
            for load in wished.only.split(",")
        }
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(tables(found))
    figures = {load: {peer: vars(one) for peer, one in seen.items()} for load, seen in found.items()}
    print(json.dumps({"cluster": figures, "machine": machine}))


if __name__ == "__main__":
    main()
