"""How long an apply of instant creates takes, every record durable, in one process."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bep.planner.state import State
from bep.providers.protocol import Provider
from bep.schemas.resource import Resource
from tests.faults.scene import KEY, Scene, address, compute, now
from tests.memory_world import Memory


def speeds(folder: Path, counts: Sequence[int]) -> Iterator[dict[str, Any]]:
    """For each count and world: seconds of apply alone, and of a plain loop over the same provider calls."""
    for count in counts:
        for shape in ("fan", "chain"):
            for world in ("memory", "sqlite"):
                yield _one(folder / f"{world}-{shape}-{count}", world, shape, count)


def _one(folder: Path, world: str, shape: str, count: int) -> dict[str, Any]:
    resources = _resources(shape, count)
    scene = Scene.of(folder / "loop")
    bare = Memory(KEY) if world == "memory" else scene.provider()
    start = time.perf_counter()
    for number, resource in enumerate(resources):
        bare.create(resource, operation=str(number))
    loop = time.perf_counter() - start
    scene = Scene.of(folder / "apply")
    provider: Provider = Memory(KEY) if world == "memory" else scene.provider()
    store = scene.store()
    state = store.load_or_create(lambda: State(lineage="speed", secret_key=KEY)).state
    todo = scene.planned(resources, state)
    with store.acquire(operation="apply", since=now()) as lock, store.begin(lock.holder) as session:
        start = time.perf_counter()
        report = scene.carry_out(todo, resources, session, provider, parallelism=10)
        spent = time.perf_counter() - start
    assert report.ok
    figures = {"apply_seconds": round(spent, 2), "calls_alone_seconds": round(loop, 2)}
    return {"world": world, "shape": shape, "resources": count, **figures}


def _resources(shape: str, count: int) -> list[Resource]:
    chain = shape == "chain"
    return [compute(n, size="S", needs=(address(n - 1),) if n and chain else ()) for n in range(count)]
