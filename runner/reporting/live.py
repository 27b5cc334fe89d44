"""Where a running job is, in one small file beside its record: written for who looks on from another process.

Nothing is lost with it: it is replaced about once a second while the job runs, is never waited for on the disk, and is
gone when the job ends. `live.json` has the last event of progress, or of files on their way, and when it was.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bep.disk import modes
from bep.lazy_dataclasses import asdict, dataclass
from bep.runner.events import Event, JobFinished, JobStarted, Progress, Transferring, WorkerState

NAME: Final = "live.json"
_FORMAT: Final = 1
_EVERY: Final = 1.0  # seconds between two writings
_MOST: Final = 64  # readings of the rate; then every other one is dropped, and half as many are taken


@dataclass(frozen=True, slots=True)
class Reading:
    """Items a second, and how many seconds after the run began."""

    elapsed: float
    items_per_second: float


@dataclass(frozen=True, slots=True)
class Live:
    """The last that a job told. `moment` is on the wall clock, in seconds. Either `progress` or `transferring`;
    `readings` are of the whole run, oldest first, few of them however long it is."""

    moment: float
    progress: Progress | None
    transferring: Transferring | None
    readings: tuple[Reading, ...] = ()


class LiveFile:
    """Writes it from the events of one run of a job; what an earlier run has left is removed."""

    def __init__(
        self, folder: Path, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._path = folder / NAME
        self._clock, self._wall = clock, wall
        self._next = 0.0
        self._readings: list[Reading] = []
        self._apart = _EVERY
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def hear(self, event: Event) -> None:
        """Write down where the job is, if it is time. Raises `OSError` where that cannot be written."""
        match event:
            case Progress() | Transferring() if self._clock() >= self._next:
                self._next = self._clock() + _EVERY
                if isinstance(event, Progress):
                    self._note(event)
                self._write(event)
            case JobStarted():
                self._next = 0.0  # the first progress is shown at once
            case JobFinished():
                self._path.unlink(missing_ok=True)

    def _note(self, progress: Progress) -> None:
        last = self._readings[-1].elapsed if self._readings else -self._apart
        if progress.elapsed - last < self._apart:
            return
        self._readings.append(Reading(round(progress.elapsed, 2), round(progress.items_per_second, 4)))
        if len(self._readings) > _MOST:
            self._readings = self._readings[::2]
            self._apart *= 2

    def _write(self, event: Progress | Transferring) -> None:
        told = {
            "format_version": _FORMAT,
            "moment": self._wall(),
            "progress": asdict(event) if isinstance(event, Progress) else None,
            "transferring": asdict(event) if isinstance(event, Transferring) else None,
            "readings": [[one.elapsed, one.items_per_second] for one in self._readings],
        }
        beside = self._path.with_name(f".{NAME}.tmp")
        file = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, modes.asked().file)
        with os.fdopen(file, "w") as stream:
            json.dump(told, stream)
        beside.replace(self._path)


def read(folder: Path) -> Live | None:
    """What a job told last; None where it has told nothing, or nothing that this bep can read."""
    try:
        told = json.loads((folder / NAME).read_bytes())
        return _live(told) if told["format_version"] == _FORMAT else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _live(told: dict[str, Any]) -> Live:
    progress, transferring = told["progress"], told["transferring"]
    if progress is not None:
        states = tuple(WorkerState(**each) for each in progress["worker_states"])
        memory = tuple((name, size) for name, size in progress["memory_of"])
        progress = Progress(**{**progress, "worker_states": states, "memory_of": memory})
    return Live(
        float(told["moment"]),
        progress,
        Transferring(**transferring) if transferring is not None else None,
        tuple(Reading(float(elapsed), float(rate)) for elapsed, rate in told["readings"]),
    )
