"""Tables of a job that has ended, in `logs/sys/job_report`: every attempt, every process, every node.

Laid out as the compatible service lays them out. What cannot be written there is left out: no job fails for a log.
"""

import csv
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TextIO

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.journal import Failure
from bep.runner.folder.parts import Scored
from bep.runner.inputs.manifest import Manifest
from bep.runner.worker.names import Names
from bep.runner.worker.troubles import shortage

MINI_BATCHES = "processed_mini-batches.csv"
PROCESSES = "process_summary.csv"
NODES = "node_summary.csv"

# "Elapsed Seconds" is from the moment a worker takes a mini-batch until its rows are ready to be written. Of that the
# time within run() alone ("Run Method Seconds") and the processor's time ("Process Seconds") are not measured: every
# mini-batch would pay for it with two more looks at clocks and a longer record. Those two columns are empty.
_COLUMNS = (
    "Mini-batch Id,Picked Count,Process,Process Start Time,Total,Succeeded,Failed,Elapsed Seconds,Process Seconds,"
    "Run Method Seconds,Status,Error Category,Error Message,Mini-batch Detail\n"
)
_COUNTED = "Mini-batches,Total,Succeeded,Failed,Failed Attempts,Deaths,First Start Time,Last End Time,Busy Seconds\n"
_DONE, _RAISED, _LATE, _DIED = "RUN_DONE", "RUN_EXCEPTION", "RUN_TIMEOUT", "PROCESS_EXIT"
_SPECIAL = lazy_pattern(r'[",\r\n]')
_LONGEST = 1000  # characters of a message; failed_items.jsonl and job_error.txt have all of it


@dataclass(slots=True)
class _Sum:
    """What one process, or one node, has done. Times are seconds on the wall clock, 0 where nothing has begun."""

    mini_batches: int = 0
    items: int = 0
    good: int = 0
    failed_attempts: int = 0
    deaths: int = 0
    first: float = 0.0
    last: float = 0.0
    busy: float = 0.0

    def spent(self, began: float, seconds: float) -> None:
        """Time that an attempt took."""
        if not self.first or began < self.first:
            self.first = began
        if began + seconds > self.last:
            self.last = began + seconds
        self.busy += seconds

    def add(self, other: "_Sum") -> None:
        """Count another's as well."""
        self.mini_batches += other.mini_batches
        self.items += other.items
        self.good += other.good
        self.failed_attempts += other.failed_attempts
        self.deaths += other.deaths
        if other.first:
            self.spent(other.first, 0.0)
        self.last = max(self.last, other.last)
        self.busy += other.busy

    def line(self) -> str:
        """Its columns."""
        return (
            f"{self.mini_batches},{self.items},{self.good},{self.items - self.good},{self.failed_attempts},"
            f"{self.deaths},{_moment(self.first)},{_moment(self.last)},{self.busy:.6f}\n"
        )


class JobReport:
    """Writes the tables: attempt by attempt, then `close`. A write that fails ends its table, not the job."""

    def __init__(self, folder: JobFolder, listed: Manifest) -> None:
        from bep.runner.folder import merged

        self._logs = folder.logs
        self._folder = folder.logs / "sys" / "job_report"
        self._listed = listed
        self._names: Names | None = None
        self._sums: dict[str, _Sum] = {}
        self._merged = merged.nodes(folder.parts)
        self._elsewhere = frozenset(self._merged.values())
        self._file: TextIO | None = None
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / MINI_BATCHES).open("w", errors="backslashreplace", newline="")
        self._write(_COLUMNS)

    def scored(self, entry: Scored, attempt: int) -> None:
        """A mini-batch with its rows in a part, at whichever attempt."""
        process = self._merged.get(entry.part) or f"process{parts.worker_of(entry.part):03d}"
        good, first, seconds = entry.good, entry.first, entry.seconds
        self._write(
            f"{self._listed.number_of(first)},{attempt},{process},{_moment(entry.started)},"
            f"{entry.items},{good},{entry.items - good},{seconds:.6f},,,{_DONE},"
            f"{_short_of(entry) if good < entry.items else ','},{self._files(first, entry.items)}\n"
        )
        total = self._sum(process)
        total.mini_batches += 1
        total.items += entry.items
        total.good += good
        total.spent(entry.started, seconds)

    def failed(self, failure: Failure, given_up: int) -> None:
        """An attempt that failed; `given_up` is how many items were given up with it, and count as failed."""
        process = self._process_of(failure)
        status = _RAISED if failure.is_raised else _LATE if failure.type == "Timeout" else _DIED
        began = _moment(failure.ended - failure.seconds) if failure.ended else ""
        took = f"{failure.seconds:.6f}" if failure.ended else ""
        self._write(
            f"{self._listed.number_of(failure.first)},{failure.attempt},{process},{began},{failure.count},0,{failure.count},"
            f"{took},,,{status},{_quoted(failure.type, failure.message)},"
            f"{self._files(failure.first, failure.count)}\n"
        )
        total = self._sum(process)
        total.failed_attempts += 1
        total.items += given_up
        total.deaths += not failure.is_raised
        if failure.ended:
            total.spent(failure.ended - failure.seconds, failure.seconds)

    def _process_of(self, failure: Failure) -> str:
        """As its log is named; of what was merged the node, whose processes have the names that others have, too."""
        log = Path(failure.log)
        return log.parent.name if log.parent.name in self._elsewhere else log.name.split(".")[0]

    def _files(self, first: int, count: int) -> str:
        """The first file of a mini-batch and how many more there are, as one column."""
        if self._names is None:
            self._names = self._listed.all_names()
        (text,) = self._listed.shown(self._names.take(first, 1))
        if count > 1:
            text = f"{text} and {count - 1} more"
        return _quoted_one(text) if _SPECIAL.search(text) else text

    def close(self) -> None:
        """Finish the table of attempts and write the other two."""
        if self._file:
            with suppress(OSError):
                self._file.close()
        nodes = self._nodes()
        self._table(PROCESSES, "Node,Process,", ((f"{nodes.get(p, '')},{p}", total) for p, total in self._by_name()))
        found: dict[str, _Sum] = {}
        for process, total in self._by_name():
            found.setdefault(nodes.get(process, ""), _Sum()).add(total)
        counts = {node: sum(1 for process in self._sums if nodes.get(process, "") == node) for node in found}
        self._table(NODES, "Node,Processes,", ((f"{node},{counts[node]}", found[node]) for node in sorted(found)))

    def _by_name(self) -> list[tuple[str, _Sum]]:
        return sorted(self._sums.items(), key=lambda known: (len(known[0]), known[0]))

    def _nodes(self) -> dict[str, str]:
        """Which node each process was on: where it prints to. Of what was merged no process is known, but the node."""
        files = self._logs.glob("user/stdout/*/process*.stdout.txt")
        here = {file.name.split(".")[0]: file.parent.name for file in files if file.parent.name not in self._elsewhere}
        return {**here, **{node: node for node in self._elsewhere}}

    def _sum(self, process: str) -> _Sum:
        found = self._sums.get(process)
        if found is None:
            found = self._sums[process] = _Sum()
        return found

    def _table(self, name: str, head: str, rows: Iterable[tuple[str, _Sum]]) -> None:
        with suppress(OSError), (self._folder / name).open("w") as file:
            file.write(head + _COUNTED)
            file.writelines(f"{row},{total.line()}" for row, total in rows)

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line)
        except OSError:
            with suppress(OSError):
                self._file.close()
            self._file = None


def _short_of(entry: Scored) -> str:
    told = shortage(entry.results, entry.items)
    return _quoted(told["type"], told["message"])


def _quoted(kind: str, message: str) -> str:
    """Two columns of text, whatever is in them, on one line."""
    text = StringIO()
    csv.writer(text, lineterminator="").writerow([" ".join(part[:_LONGEST].split()) for part in (kind, message)])
    return text.getvalue()


def _quoted_one(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _moment(seconds: float) -> str:
    """UTC, to the microsecond, without a zone: as the service writes it. Nothing for a time that is not known, or that
    no clock shows: a worker's script may have meddled with it."""
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")[:26] if seconds else ""
    return ""
