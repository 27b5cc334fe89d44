"""Scores one workload on a Ray cluster as somebody without bep would: a program that runs on a node, with its Ray.

    python cluster_peers.py PEER SCRIPT LIST SIZE OUTPUT

LIST has an item a line, SIZE of them are a mini-batch. The rows stand in OUTPUT, in order. Prints one line of JSON: the
seconds from when all actors were ready until all rows were here (for Ray Data, which starts its own, the whole run).
Imports nothing of bep's: it is what bep is compared with.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ray

Seconds = float
Rows = Iterable[Sequence[object]]


def loaded(script: str) -> Callable[[list[str]], Sequence[object]]:
    """The script's `run()`; its `init()` has been called."""
    space: dict[str, Any] = {}
    exec(Path(script).read_text(), space)
    space.get("init", lambda: None)()
    run: Callable[[list[str]], Sequence[object]] = space["run"]
    return run


class Calls:
    """An actor that is sent a mini-batch with each call."""

    def __init__(self, script: str) -> None:
        self.run = loaded(script)

    def ready(self) -> None:
        """It is, when this returns."""

    def score(self, batch: list[str]) -> Sequence[object]:
        """The rows of a mini-batch."""
        return self.run(batch)


class Ranges:
    """An actor that knows the list, and is told which mini-batches to score, many with each call."""

    def __init__(self, script: str, listed: str, size: int) -> None:
        self.run = loaded(script)
        self.batches = list(_batches(listed, size))

    def ready(self) -> None:
        """It is, when this returns."""

    def score(self, first: int, end: int) -> list[object]:
        """The rows of these mini-batches."""
        return [row for batch in self.batches[first:end] for row in self.run(batch)]


def _batches(listed: str, size: int) -> Iterator[list[str]]:
    names = Path(listed).read_text().split("\n")
    return (names[start : start + size] for start in range(0, len(names), size))


def calls(script: str, listed: str, size: int) -> tuple[Seconds, Rows]:
    """One call for each mini-batch, to whichever actor is idle."""
    from ray.util import ActorPool

    actors = [ray.remote(num_cpus=1)(Calls).remote(script) for _ in range(_places())]
    ray.get([actor.ready.remote() for actor in actors])
    began = time.perf_counter()
    pool = ActorPool(actors)
    rows = list(pool.map(lambda actor, batch: actor.score.remote(batch), list(_batches(listed, size))))
    return time.perf_counter() - began, rows


def ranges(script: str, listed: str, size: int, many: int) -> tuple[Seconds, Rows]:
    """One call for so many mini-batches, two outstanding an actor."""
    actors = [ray.remote(num_cpus=1)(Ranges).remote(script, listed, size) for _ in range(_places())]
    ray.get([actor.ready.remote() for actor in actors])
    began = time.perf_counter()
    count = -(-len(Path(listed).read_text().split("\n")) // size)
    left = iter([(first, min(first + many, count)) for first in range(0, count, many)])
    found: dict[int, Any] = {}
    going = {}
    for actor, (first, end) in zip(actors * 2, left, strict=False):
        going[actor.score.remote(first, end)] = first, actor
    while going:
        for ref in ray.wait(list(going), num_returns=1)[0]:
            first, actor = going.pop(ref)
            found[first] = ray.get(ref)
            for start, end in itertools.islice(left, 1):
                going[actor.score.remote(start, end)] = start, actor
    return time.perf_counter() - began, [found[first] for first in sorted(found)]


class _Mapped:
    """What Ray Data calls with a batch of names."""

    def __init__(self, script: str) -> None:
        self.run = loaded(script)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        return {"row": [str(row) for row in self.run(list(batch["item"]))]}


def ray_data(script: str, listed: str, size: int, blocks: int) -> tuple[Seconds, Rows]:
    """`map_batches` with an actor for each CPU, the order kept."""
    import ray.data
    from ray.data import ActorPoolStrategy, DataContext

    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    began = time.perf_counter()
    names = Path(listed).read_text().split("\n")
    items = ray.data.from_items([{"item": name} for name in names], override_num_blocks=blocks)
    scored = items.map_batches(
        _Mapped,
        fn_constructor_args=(script,),
        batch_size=size,
        compute=ActorPoolStrategy(size=_places()),
        num_cpus=1,
    )
    rows = [list(batch["row"]) for batch in scored.iter_batches(batch_size=None, batch_format="numpy")]
    return time.perf_counter() - began, rows


def _places() -> int:
    """How many actors there is room for."""
    return int(ray.cluster_resources()["CPU"])


def main(peer: str, script: str, listed: str, size: str, output: str, *more: str) -> None:
    """Score, write, say how long it took."""
    ray.init(log_to_driver=False, logging_level="ERROR")
    peers: dict[str, Callable[..., tuple[Seconds, Rows]]] = {"calls": calls, "ranges": ranges, "ray_data": ray_data}
    seconds, rows = peers[peer](script, listed, int(size), *map(int, more))
    with Path(output).open("w") as file:
        for some in rows:
            file.write("\n".join(map(str, some)) + "\n")
    print(json.dumps({"scoring": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
