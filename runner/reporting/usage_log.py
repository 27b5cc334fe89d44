"""How much memory each worker held over time: a table a node, in `logs/perf`. Fed by events; measures nothing."""

from datetime import UTC, datetime
from pathlib import Path

from bep.runner.events import Progress

NAME = "processes_resource_usage.csv"
_COLUMNS = "Utc Time,Process,State,Seconds In State,Item,Memory (MB)\n"
_EVERY = 5.0  # seconds between two looks, at first
_LOOKS = 200  # of a worker while looks are that near; then as many each time that the run has become e times as long


class UsageLog:
    """A line a worker every few seconds. The longer a run, the rarer: a day of it makes some 1,100 lines a worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = 0.0

    def hear(self, progress: Progress) -> None:
        """Write what the workers hold, if it is time. Raises `OSError` when that cannot be written."""
        if progress.elapsed < self._next or not progress.worker_states:
            return
        self._next = progress.elapsed + max(_EVERY, progress.elapsed / _LOOKS)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
        lines: dict[str, list[str]] = {}
        for worker in progress.worker_states:
            item = "" if worker.item is None else str(worker.item)
            memory = "" if worker.memory is None else f"{worker.memory / 1e6:.1f}"
            line = f"{now},{worker.name},{worker.state},{worker.seconds:.1f},{item},{memory}\n"
            lines.setdefault(worker.node, []).append(line)
        for node, text in lines.items():
            file = self._folder / node / NAME
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a") as table:
                table.write(("" if table.tell() else _COLUMNS) + "".join(text))
