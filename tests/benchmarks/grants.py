"""What a grant costs an engine that is fed while it runs: the same work in 1, 4, 20 and 100 grants, in one run.

    python -m tests.benchmarks.grants [--repeat 7] [--only overhead,skewed]

A thread gives, two grants at a time, as whoever scores a shard does. Repeats are interleaved; every one is a process of
its own. Prints one line of JSON: medians of seconds, and of the fastest repeats (`least`), ratios to the engine of a
local job, which has all of the same work from the start and no grant, and how many milliseconds each grant more costs.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from queue import Queue

from bep.runner.folder.journal import Journal
from bep.runner.grants import Grant, Settled
from bep.runner.scheduling.backlog import Backlog
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.tally import Tally
from bep.runner.span import Span
from tests.benchmarks import scoring

COUNTS = (1, 4, 20, 100)
OUTSTANDING = 2
WORKS = {"overhead": (20_000, 10), "skewed": (400, 1)}


def fed(grants: int) -> Callable[[scoring.Work], None]:
    """The work in so many grants; 0: as a local job has it."""

    def peer(work: scoring.Work) -> None:
        folder, engine = scoring.started(work)
        listed = scoring.listed_of(work, folder)
        journal = Journal(folder.journal, 1)
        spans = _spans(listed.items, work.size, max(1, grants))
        with closing(engine):
            engine.open(listed, Backlog(3, True, deque(() if grants else spans)), journal, Tally())
            if grants:
                threading.Thread(target=_give, args=(engine, spans)).start()
            else:
                engine.finish()
            ending = engine.serve()
        assert not ending.error, ending.error
        assert engine.tally.scored == listed.items

    return peer


def _spans(items: int, size: int, count: int) -> list[Span]:
    calls = items // size
    ends = [calls * (number + 1) // count * size for number in range(count)]
    return [Span(first, end - first, size) for first, end in zip([0, *ends], ends, strict=False)]


def _give(engine: EmbeddedEngine, spans: list[Span]) -> None:
    answers: Queue[Settled] = Queue()
    for key, span in enumerate(spans):
        engine.give(Grant(key, (span,), answers.put))
        if key >= OUTSTANDING - 1:
            answers.get()
    engine.finish()


def measured(work: scoring.Work, repeat: int) -> dict[str, object]:
    """Figures of one workload."""
    seen: dict[int, list[float]] = {count: [] for count in (0, *COUNTS)}
    for _ in range(repeat):
        for count, seconds in seen.items():
            seconds.append(scoring.measure(fed(count), work)[0])
    return {"median": _figures(seen, statistics.median), "least": _figures(seen, min)}


def _figures(seen: dict[int, list[float]], of: Callable[[Iterable[float]], float]) -> dict[str, dict[str, float]]:
    seconds = {count: of(times) for count, times in seen.items()}
    return {
        str(count) if count else "local": {
            "seconds": round(found, 4),
            "of_local": round(found / seconds[0], 3),
            **({"ms_a_grant_more": round(1000 * (found - seconds[1]) / (count - 1), 2)} if count > 1 else {}),
        }
        for count, found in seconds.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--only", default="overhead,skewed")
    wished = parser.parse_args()
    try:
        found = {name: measured(scoring.Work(name, *WORKS[name]), wished.repeat) for name in wished.only.split(",")}
        machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        print(json.dumps({"grants": found, "workers": scoring.WORKERS, "repeat": wished.repeat, "machine": machine}))
    finally:
        shutil.rmtree(scoring.ROOT, ignore_errors=True)


if __name__ == "__main__":
    main()
