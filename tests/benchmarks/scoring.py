"""Scores the same files with bep and with its peers, interleaved in one run, and prints one line of JSON.

    python -m tests.benchmarks.scoring [--repeat 5] [--only overhead,million,skewed,waiting,cold,compute] [--with dask]

`seconds` and `cpu` are medians, the others ratios of medians within this run; trust the ratios. `least` has the same of
the fastest repeat of each: what a quiet machine would show, where other work disturbs some repeats. `engine` is the
engine with its ordered output, as the peers have it; `run` is a whole job: listing, manifest, durable record, logs.
`waiting` is `skewed` with sleep in place of work: the order of work alone, which a busy machine hardly disturbs.
`compute` has to be asked for, and needs pandas and scikit-learn: 2,000 CSV files of 100 KB, a model for each.
Every peer runs in a process of its own that has imported none of what the script needs. joblib takes part when it is
installed; Dask and Ray, which are slow, when they are asked for `--with dask,ray`.
"""

import argparse
import concurrent.futures
import importlib.util
import json
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import ModuleType

from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Journal
from bep.runner.inputs import manifest
from bep.runner.jobs import running
from bep.runner.jobs.launching import launch
from bep.runner.outputs import assembling
from bep.runner.outputs.columns import Columns
from bep.runner.processes.fleet import ProcessFleet
from bep.runner.request import JobRequest, ScoringTarget, Settings
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits
from bep.runner.scheduling.tally import Tally
from bep.runner.span import holes

WORKERS = 2
ROOT = Path(tempfile.mkdtemp(prefix="bep-benchmark-"))

SCRIPTS = {
    "overhead": "def run(mini_batch):\n    return [open(path).read().strip() for path in mini_batch]\n",
    "million": "def run(mini_batch):\n    return [len(path) for path in mini_batch]\n",
    "cold": "def run(mini_batch):\n    return [open(path).read().strip() for path in mini_batch]\n",
    "skewed": """import time
def run(mini_batch):
    until = time.thread_time() + (0.25 if int(mini_batch[0][-9:-4]) % 50 == 0 else 0.005)
    while time.thread_time() < until:
        pass
    return mini_batch
""",
    "waiting": """import time
def run(mini_batch):
    time.sleep(0.25 if int(mini_batch[0][-9:-4]) % 50 == 0 else 0.005)
    return mini_batch
""",
    "compute": """import pandas
from sklearn.linear_model import LogisticRegression
import numpy
def init():
    global model
    random = numpy.random.default_rng(0)
    model = LogisticRegression().fit(random.normal(size=(500, 10)), random.integers(0, 2, 500))
def run(mini_batch):
    return [int(model.predict(pandas.read_csv(path).to_numpy()).sum()) for path in mini_batch]
""",
}


class Work:
    """One workload: a script, its items, how many for each call. It `is_there` where another process has made it."""

    def __init__(
        self, name: str, items: int, mini_batch_size: int, *, root: Path = ROOT, is_there: bool = False
    ) -> None:
        self.name = name
        self.size = mini_batch_size
        self.root = root
        self.folder = root / name
        self.code = self.folder / "code"
        self.inputs = self.folder / "inputs"
        self.script = self.code / "score.py"
        self.list = self.folder / "list"
        self.names = [str(self.inputs / f"{n:05d}.txt") for n in range(items)]
        if not is_there:
            self._make()

    def _make(self) -> None:
        self.code.mkdir(parents=True)
        self.inputs.mkdir()
        self.script.write_text(SCRIPTS[self.name])
        self.list.write_text("\n".join(self.names))
        if self.name != "million":
            content = _table() if self.name == "compute" else ""
            for number, path in enumerate(self.names):
                Path(path).write_text(content or f"{number}\n")

    def batches(self) -> list[list[str]]:
        """What a peer does to get its mini-batches: list, or read the list, and cut."""
        if self.name == "million":
            names = self.list.read_text().split("\n")
        else:
            names = sorted(f"{self.inputs}/{name}" for name in os.listdir(self.inputs))  # noqa: PTH208 - as a peer would
        return [names[start : start + self.size] for start in range(0, len(names), self.size)]

    def module(self) -> ModuleType:
        """The script as a peer imports it; its `init()` has been called."""
        spec = importlib.util.spec_from_file_location("score", self.script)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        getattr(module, "init", lambda: None)()
        return module

    def request(self) -> JobRequest:
        name = f"{self.name}-{os.getpid()}"
        return JobRequest(
            name=name,
            target=ScoringTarget(
                endpoint="e",
                deployment="d",
                deployment_digest="",
                code_directory=self.code,
                scoring_script="score.py",
                interpreter=(sys.executable,),
            ),
            settings=Settings(max_concurrency_per_instance=WORKERS, mini_batch_size=self.size, timeout=600),
            inputs=(str(self.inputs),),
            input_text="",
            folder=self.root / "jobs" / name,
            output_folder=self.root / "outputs" / name,
            output_text="",
        )


def _table() -> str:
    return "\n".join([",".join(f"c{n}" for n in range(10)), *([",".join(["0.123456789"] * 10)] * 850)])


SCORE: Callable[[list[str]], object] | None = None
WORK: Work | None = None


def _prepare(work: Work) -> None:
    global SCORE
    SCORE = work.module().run


def _score(batch: list[str]) -> object:
    if SCORE is None:
        assert WORK
        _prepare(WORK)
    assert SCORE
    return SCORE(batch)


def _write(work: Work, results: Iterable[Iterable[object]]) -> None:
    with (work.folder / "output").open("w") as file:
        for rows in results:
            file.write("\n".join(map(str, rows)) + "\n")


def serial(work: Work) -> None:
    run = work.module().run
    _write(work, (run(batch) for batch in work.batches()))


def pool(work: Work) -> None:
    with multiprocessing.get_context("fork").Pool(WORKERS, _prepare, (work,)) as workers:
        _write(work, workers.imap(_score, work.batches()))  # type: ignore[arg-type]


def futures(work: Work) -> None:
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, context, _prepare, (work,)) as workers:
        _write(work, workers.map(_score, work.batches()))  # type: ignore[arg-type]


def joblib_peer(work: Work) -> None:
    import joblib

    run = _PathRun(str(work.script))
    _write(work, joblib.Parallel(WORKERS)(joblib.delayed(run)(batch) for batch in work.batches()))
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)  # the next repeat pays for its processes, as the others do


class _PathRun:
    """A script's run(), loaded where it is called."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, batch: list[str]) -> object:
        import builtins

        kept = builtins.__dict__.setdefault("_bep_benchmark", {})
        if self.path not in kept:
            space: dict[str, object] = {}
            exec(Path(self.path).read_text(), space)
            if callable(init := space.get("init")):
                init()
            kept[self.path] = space["run"]
        return kept[self.path](batch)


def dask_peer(work: Work) -> None:
    from dask.distributed import Client, LocalCluster

    run = _PathRun(str(work.script))
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        _write(work, client.gather(client.map(run, work.batches(), pure=False)))


def ray_peer(work: Work) -> None:
    import ray
    from ray.util import ActorPool

    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    actor = ray.remote(_Actor)
    actors = ActorPool([actor.remote(str(work.script)) for _ in range(WORKERS)])
    _write(work, actors.map(lambda worker, batch: worker.score.remote(batch), work.batches()))
    ray.shutdown()


class _Actor:
    """A script in a process of Ray's."""

    def __init__(self, path: str) -> None:
        self._run = _PathRun(path)

    def score(self, batch: list[str]) -> object:
        return self._run(batch)


def engine(work: Work) -> None:
    """Manifest, workers, leases, journals, ordered output."""
    folder, scorer = started(work)
    listed = _MANIFESTS.get(work.name)
    if listed:
        folder.manifest.symlink_to(listed.path)
        folder.index.symlink_to(listed.index)
    else:
        listed = listed_of(work, folder)
    journal = Journal(folder.journal, 1)
    backlog = Backlog(3, True, deque(holes([], listed.items, listed.starts)))
    with closing(scorer):
        scorer.open(listed, backlog, journal, Tally())
        scorer.finish()
        ending = scorer.serve()
    assert not ending.error, ending.error
    assembling.assemble(parts.in_order(folder.parts), folder.parts, work.folder / "output", Columns())


def started(work: Work) -> tuple[JobFolder, EmbeddedEngine]:
    """An engine whose workers prepare themselves."""
    request = work.request()
    folder = JobFolder(request.folder)
    folder.make()
    request.output_folder.mkdir(parents=True)
    scorer = EmbeddedEngine(
        fleet=ProcessFleet(launch(request, folder), WORKERS, 0),
        logs=folder.logs,
        limits=Limits(600, 600, -1),
        workers=WORKERS,
        report=lambda event: None,
        cancel=threading.Event(),
    )
    scorer.start(min(WORKERS, len(work.names) // work.size))
    return folder, scorer


def listed_of(work: Work, folder: JobFolder) -> manifest.Manifest:
    """Write down what there is to score."""
    return manifest.write(folder, (os.fsencode(n) for batch in work.batches() for n in batch), work.size)


_MANIFESTS: dict[str, manifest.Manifest] = {}
"""Lists that are there before the clock starts, by the name of their work: its peers find theirs in a file too."""


def run(work: Work) -> None:
    request = work.request()
    record = running.run(request, report=lambda event: None, cancel=threading.Event())
    assert record.status == "Completed", record.error
    shutil.copyfile(request.output_folder / "predictions.csv", work.folder / "output")


def measure(peer: Callable[[Work], None], work: Work) -> tuple[float, float]:
    """Seconds on the clock and of processor time of everything that the peer started, in a process of its own."""
    answer, question = os.pipe()
    child = os.fork()
    if child == 0:
        _measured(peer, work, question)
    os.close(question)
    with open(answer, "rb") as said:  # noqa: PTH123 - a pipe
        told = said.read()
    _, status = os.waitpid(child, 0)
    if status or not told:
        raise SystemExit(f"{peer.__name__} failed on {work.name}")
    seconds, cpu = struct.unpack("dd", told)
    return seconds, cpu


def _measured(peer: Callable[[Work], None], work: Work, question: int) -> None:
    global WORK
    WORK = work
    status = 1
    try:
        before = _cpu()
        began = time.perf_counter()
        peer(work)
        os.write(question, struct.pack("dd", time.perf_counter() - began, _cpu() - before))
        status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def compare(work: Work, repeat: int, others: Iterable[str]) -> dict[str, dict[str, object]]:
    peers: dict[str, Callable[[Work], None]] = {"serial": serial, "pool": pool, "futures": futures}
    if importlib.util.find_spec("joblib"):
        peers["joblib"] = joblib_peer
    peers |= {name: {"dask": dask_peer, "ray": ray_peer}[name] for name in others}
    peers["engine"] = engine
    if work.name == "million":
        folder = JobFolder(ROOT / "million-listed")
        folder.make()
        _MANIFESTS[work.name] = listed_of(work, folder)
    else:
        peers["run"] = run
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    expected = None
    for _ in range(repeat):
        for name, peer in peers.items():
            seen[name].append(measure(peer, work))
            found = (work.folder / "output").read_bytes()
            expected = expected or found
            assert found == expected, f"{name} wrote other rows than serial"
    least = _ratios(seen, min)
    return {name: {**ratios, "least": least[name]} for name, ratios in _ratios(seen, statistics.median).items()}


def _ratios(
    seen: dict[str, list[tuple[float, float]]], of: Callable[[Iterable[float]], float]
) -> dict[str, dict[str, float]]:
    seconds = {name: of(s for s, _ in runs) for name, runs in seen.items()}
    cpu = {name: of(c for _, c in runs) for name, runs in seen.items()}
    return {
        name: {
            "seconds": round(seconds[name], 4),
            "cpu": round(cpu[name], 4),
            "of_pool": round(seconds[name] / seconds["pool"], 3),
            "of_ideal": round(seconds[name] / seconds["serial"] * WORKERS, 3),
            "of_serial_cpu": round(cpu[name] / cpu["serial"], 3),
        }
        for name in seen
    }


def memory(items: int) -> dict[str, float]:
    """Peak MB of the engine's own process with so many items, in a process of its own."""
    answer = subprocess.run(
        [sys.executable, __file__, "--memory-of", str(items)], capture_output=True, text=True, check=True
    )
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def memory_of(items: int) -> None:
    # The list is written by a child, so that the peak is the engine's.
    if os.fork() == 0:
        folder = JobFolder(ROOT / "memory")
        folder.make()
        manifest.write(folder, (b"/data/%07d.txt" % n for n in range(items)), 100)
        os._exit(0)
    os.wait()
    folder = JobFolder(ROOT / "memory")
    work = Work("million", 0, 100)
    _MANIFESTS["million"] = manifest.Manifest(folder.manifest, folder.index, items, 100, "")
    before = _peak()
    engine(work)
    print(json.dumps({"before": before, "peak": _peak()}))


def _peak() -> float:
    """MB of this program; what getrusage says is inherited from the program that started it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


WORKS = {
    "overhead": (20_000, 10),
    "million": (1_000_000, 100),
    "skewed": (400, 1),
    "waiting": (400, 1),
    "cold": (10, 10),
    "compute": (2_000, 10),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeat", type=int, default=5)
    arguments.add_argument("--only", default="overhead,million,skewed,waiting,cold")
    arguments.add_argument("--with", dest="others", default="", help="dask, ray or both, with a comma")
    arguments.add_argument("--memory-of", type=int)
    asked = arguments.parse_args()
    try:
        if asked.memory_of is not None:
            memory_of(asked.memory_of)
            return
        figures: dict[str, object] = {}
        for name in asked.only.split(","):
            figures[name] = compare(Work(name, *WORKS[name]), asked.repeat, filter(None, asked.others.split(",")))
        if "million" in figures:
            figures["parent_memory_mb"] = {str(n): memory(n) for n in (1_000, 1_000_000)}
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        print(json.dumps({"scoring": figures, "workers": WORKERS, "repeat": asked.repeat, "machine": machine}))
    finally:
        shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    main()
