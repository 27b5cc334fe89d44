"""What workers on a node of a cluster may use: cores and memory. Looks at this machine, and knows no job."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from bep.runner.jobs.launching import cores as cores_of_this_process

MOST: Final = 0.85
"""The part of a node's memory that workers may hold together, where nobody has said how much: Ray ends the agent, with
all of its workers, when 0.95 of it are in use, whoever uses them; so the greedy one must be ended before."""

_TOTAL = Path("/proc/meminfo")
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of a container, in the two ways that Linux says it."""


def cores(given: float) -> int:
    """How many cores workers have together; `given` is 0 for all that this process has."""
    return max(1, int(given)) if given else cores_of_this_process()


def memory(given: int) -> int | None:
    """Bytes of memory that there are; `given` is 0 for what this machine has, or the container that this is. None where
    the system does not tell."""
    if given:
        return given
    found = [size for size in (_total(), *map(_number, _LIMITS)) if size]
    return min(found, default=None)


def of_a_worker(given: int, workers: int) -> int | None:
    """Bytes of memory that each of so many workers may hold, where nobody has said how much."""
    there = memory(given)
    return int(MOST * there / workers) if there else None


def _total() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in _TOTAL.read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024
    return None


def _number(file: Path) -> int | None:
    """What a limit says; None for `max`, and where there is none."""
    with suppress(OSError, ValueError):
        return int(file.read_text())
    return None
