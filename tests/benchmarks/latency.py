"""What a plan of 301 resources costs where each answer takes its time: `python -m tests.benchmarks.latency --ms 50`.

Whole commands, `bep plan` with nothing to do, against the double of Azure ML on this machine. Prints a JSON line: how
many requests were made, how many at once at most, and seconds: the median and the least of the repeats, and the least
without any latency, which is what is bep's own.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.serving import serving
from tests.azure.workspace import THREE_HUNDRED, Workspace


def seconds(work: Workspace, repeat: int) -> list[float]:
    """What each of some plans took, that have to have nothing to do."""
    took = []
    for _ in range(repeat):
        work.azure.log.clear()
        began = time.perf_counter()
        work.bep("plan", "--detailed-exitcode")
        took.append(time.perf_counter() - began)
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ms", type=int, default=50, help="milliseconds until an answer")
    parser.add_argument("--repeat", type=int, default=5)
    wished = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serving(Behaviours(polls=0, page_size=50)) as azure:
        work = Workspace(Path(name), azure, THREE_HUNDRED)
        work.bep("apply", "-y")
        at_once = seconds(work, wished.repeat)
        azure.behaviours.latency = wished.ms / 1000
        late = seconds(work, wished.repeat)
        found = {
            "resources": 301,
            "latency_ms": wished.ms,
            "requests": len(azure.log.requests()),
            "most_at_once": azure.log.most_at_once,
            "seconds": round(statistics.median(late), 2),
            "least_seconds": round(min(late), 2),
            "least_seconds_without_latency": round(min(at_once), 2),
        }
        print(json.dumps(found))


if __name__ == "__main__":
    main()
