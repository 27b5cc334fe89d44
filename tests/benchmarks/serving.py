"""A busy server beside a job: `python -m tests.benchmarks.serving --clients 200 --seconds 60`.

Clients that keep their connection ask once a second each: after one job, after all jobs of the endpoint. Three times
are taken: the clients alone, a job of one worker alone, both at once. Prints a JSON line: answers and errors, latencies
in milliseconds with their ratios, and how much longer the job took.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bep.conftest import FILES, Workspace, write
from tests.server.serving import Running, serving

SCRIPT = """\
def init():
    pass

def run(mini_batch):
    for path in mini_batch:
        total = 0
        for number in range({steps}):
            total += number * number
    return [str(total)] * len(mini_batch)
"""
STEPS = 300_000  # some hundredths of a second of work for each file
PARTS = (50, 95, 99)
PATHS = ("/endpoints/letters/jobs/before", "/endpoints/letters/jobs")


@dataclass
class Load:
    """What some clients saw: seconds that each answer took, and what was no answer."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def at(self, part: float) -> float:
        """The latency, in milliseconds, that so large a part of the answers had at most."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1)


async def _client(address: str, token: str, number: int, clients: int, rounds: int, load: Load) -> None:
    """One client: a connection, a question a second."""
    place = urlsplit(address)
    await asyncio.sleep(number / clients)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    begun = time.monotonic()
    for turn in range(rounds):
        await asyncio.sleep(max(0.0, begun + turn - time.monotonic()))
        path = PATHS[(number + turn) % len(PATHS)]
        head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
        asked = time.perf_counter()
        try:
            writer.write(head.encode())
            status = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            load.errors.append(repr(error))
            return
        load.seconds.append(time.perf_counter() - asked)
        if status != 200:
            load.errors.append(f"{path}: {status}")
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one answer to its end: its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].split("\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


def _clients(address: str, token: str, numbers: Sequence[int], clients: int, rounds: int) -> Load:
    async def all_of_them() -> Load:
        load = Load()
        await asyncio.gather(*(_client(address, token, number, clients, rounds, load) for number in numbers))
        return load

    return asyncio.run(all_of_them())


def loaded(running: Running, token: str, clients: int, rounds: int) -> Load:
    """All clients, from two processes."""
    halves = [range(0, clients, 2), range(1, clients, 2)]
    with get_context("spawn").Pool(2) as pool:
        found = pool.starmap(_clients, [(running.address, token, list(half), clients, rounds) for half in halves])
    return Load([s for one in found for s in one.seconds], [e for one in found for e in one.errors])


def job(workspace: Workspace, name: str) -> float:
    """Seconds that a job of one worker took, by its own record."""
    workspace.bep("run", "job.yml", "--name", name, "--instance-count", "1")
    found: dict[str, Any] = json.loads(workspace.bep("job", "show", name, "-o", "json").stdout)
    assert found["status"] == "Completed"
    return float(found["seconds"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60, help="how long each client asks, once a second")
    asked = parser.parse_args()
    files = {f"texts/{number:05}.txt": "abc" for number in range(asked.seconds * 40)}
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), {**FILES, **files, "code/score.py": SCRIPT.format(steps=STEPS)})
        workspace = Workspace(Path(name))
        workspace.bep("apply", "-y")
        workspace.bep("run", "-e", "letters", "-i", "texts/00000.txt", "--name", "before")
        with serving(workspace) as running:
            token = running.token("read")
            alone = loaded(running, token, asked.clients, asked.seconds)
            job_alone = job(workspace, "alone")
            with get_context("spawn").Pool(1) as pool:
                together = pool.apply_async(job, (workspace, "together"))
                beside = loaded(running, token, asked.clients, asked.seconds)
                job_beside = together.get()
    print(json.dumps(_told(asked.clients, alone, beside, job_alone, job_beside)))


def _told(clients: int, alone: Load, beside: Load, job_alone: float, job_beside: float) -> dict[str, Any]:
    return {
        "clients": clients,
        "answers": [len(alone.seconds), len(beside.seconds)],
        "errors": [*alone.errors, *beside.errors][:10],
        "ms_without_job": {f"p{part}": alone.at(part / 100) for part in PARTS},
        "ms_with_job": {f"p{part}": beside.at(part / 100) for part in PARTS},
        "latency_ratio": {
            f"p{part:g}": round(beside.at(part / 100) / alone.at(part / 100), 2) for part in (50, 95, 99)
        },
        "job_seconds": [round(job_alone, 2), round(job_beside, 2)],
        "job_slowdown": round(job_beside / job_alone, 2),
    }


if __name__ == "__main__":
    main()
