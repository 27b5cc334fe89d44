"""Ends what scripts of a job have left running on this machine, and whose agents are gone. Knows processes, no job.

A lock tells who lives: that of the folder which each agent has for itself.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from bep.runner.folder import leftover_processes
from bep.runner.folder.folder import JobFolder
from bep.runner.shards.prepared import Prepared


def mark_of(prepared: Prepared) -> str:
    """What all workers of a job carry, in whatever run of it and on whatever node."""
    told = f"{prepared.name}\n{prepared.created.isoformat()}\n{prepared.manifest_digest}"
    return sha256(told.encode()).hexdigest()[:32]


def sweep(mark: str) -> None:
    """SIGKILL what workers of the job of this mark have started, where the agent that they had is gone."""
    leftover_processes.end_of_job(mark, _is_over)


def _is_over(parts: Path) -> bool:
    try:
        with JobFolder(parts.parent).unheld() as is_free:
            return is_free is not False
    except OSError:
        return False


def end_children() -> None:
    """SIGKILL whatever this process has started, and what that has started in turn."""
    for process in reversed(list(_descendants(os.getpid()))):
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _descendants(process: int) -> Iterator[int]:
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, thread.read_text().split()):
                yield child
                yield from _descendants(child)
