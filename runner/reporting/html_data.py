"""What a job's report draws, gathered from the journals in one pass. Bounded however many mini-batches there were."""

import heapq
import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.runner.errors import JobDamaged
from bep.runner.folder import journal, merged, parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status
from bep.runner.inputs import listing
from bep.runner.inputs.manifest import Manifest

BINS = 320
"""Points in time at most; they grow twice as wide whenever there are more."""

PER_DECADE = 20
"""Latency classes for each power of ten: neighbours differ by an eighth."""

_SHORTEST = 1e-6
_LATEST = 1e11  # seconds on the wall clock
_NARROWEST = 0.01
_SLOWEST = 5
_LINES = 20_000  # of failed_items.jsonl; more are counted by the record and not read
_FILES = 5
_NUMBERS = lazy_pattern(r"\d+")


@dataclass(slots=True)
class Timeline:
    """Items scored, and workers' seconds inside run(), over time, in bins of `width` seconds; empty bins are not kept.

    `busy` are the attempts that went well, `failed` those that did not; `items` has a bin wherever one of them was.
    """

    origin: float
    width: float = _NARROWEST
    items: dict[int, float] = field(default_factory=dict)
    busy: dict[int, dict[int, float]] = field(default_factory=dict)
    failed: dict[int, dict[int, float]] = field(default_factory=dict)

    @property
    def workers(self) -> list[int]:
        """Those that have been inside run(), by their numbers."""
        return sorted(self.busy.keys() | self.failed.keys())

    def add(self, worker: int, began: float, seconds: float, items: int, *, failed: bool = False) -> None:
        """One attempt, spread evenly over the time that it took."""
        start = max(0.0, began - self.origin)
        first, last = int(start / self.width), int((start + seconds) / self.width)
        busy = (self.failed if failed else self.busy).setdefault(worker, {})
        if first == last:
            self.items[first] = self.items.get(first, 0.0) + items
            busy[first] = busy.get(first, 0.0) + seconds
        elif last - first >= BINS:
            self._fold()
            self.add(worker, began, seconds, items, failed=failed)
        else:
            self._spread(busy, start, start + seconds, items / seconds)
        while len(self.items) > BINS:
            self._fold()

    def reach(self, moment: float) -> None:
        """Time goes on until then, whether or not anything was done."""
        while (number := int(max(0.0, moment - self.origin) / self.width)) not in self.items and len(
            self.items
        ) >= BINS:
            self._fold()
        self.items.setdefault(number, 0.0)

    def _spread(self, busy: dict[int, float], start: float, end: float, rate: float) -> None:
        width = self.width
        for number in range(int(start / width), int(end / width) + 1):
            part = min(end, (number + 1) * width) - max(start, number * width)
            self.items[number] = self.items.get(number, 0.0) + rate * part
            busy[number] = busy.get(number, 0.0) + part

    def _fold(self) -> None:
        self.width *= 2
        self.items = _folded(self.items)
        self.busy = {worker: _folded(bins) for worker, bins in self.busy.items()}
        self.failed = {worker: _folded(bins) for worker, bins in self.failed.items()}


def _folded(bins: dict[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for number, amount in bins.items():
        found[number // 2] = found.get(number // 2, 0.0) + amount
    return found


@dataclass(slots=True)
class Latencies:
    """How many mini-batches took how long, in classes of a twentieth of a power of ten; and the slowest few."""

    classes: Counter[int] = field(default_factory=Counter)
    count: int = 0
    total: float = 0.0
    slowest: list[tuple[float, int, int, int]] = field(default_factory=list)

    def add(self, seconds: float, first: int, items: int, worker: int) -> None:
        """One mini-batch."""
        seconds = max(seconds, _SHORTEST)
        self.classes[math.floor(math.log10(seconds) * PER_DECADE)] += 1
        self.count += 1
        self.total += seconds
        if len(self.slowest) < _SLOWEST:
            heapq.heappush(self.slowest, (seconds, first, items, worker))
        elif seconds > self.slowest[0][0]:
            heapq.heapreplace(self.slowest, (seconds, first, items, worker))

    def quantile(self, share: float) -> float:
        """Seconds that this share of mini-batches did not exceed, to an eighth; of all of them exactly."""
        if share == 1:
            return max(self.slowest)[0]
        left = share * self.count
        for number in sorted(self.classes):
            left -= self.classes[number]
            if left <= 0:
                return min(10 ** ((number + 0.5) / PER_DECADE), max(self.slowest)[0])
        return 0.0


@dataclass(slots=True)
class Trouble:
    """Failed items that failed alike: messages that differ in numbers only are one, and the first is shown.

    `items` is how many; `files` the first few of them.
    """

    type: str
    message: str
    traceback: str
    log: str
    items: int = 0
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slow:
    """One of the slowest mini-batches, with the names of its first items."""

    seconds: float
    items: int
    worker: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a report says beside the record. `attempts` counts failed attempts by their type, retried or not;
    `unread` says that there are more failed items than were read. Where `nodes` have scored, each counts as one worker:
    its number is its place among them."""

    timeline: Timeline
    latencies: Latencies
    mini_batches: dict[int, int]
    troubles: tuple[Trouble, ...]
    attempts: Counter[str]
    slowest: tuple[Slow, ...]
    unread: bool
    nodes: tuple[str, ...] = ()


def gather(folder: JobFolder, record: JobRecord) -> Gathered:
    """Read a job's journals. Raises `OSError` for those that cannot be read."""
    started = record.started or record.created
    timeline, latencies = Timeline(started.timestamp()), Latencies()
    mini_batches: dict[int, int] = {}
    lanes = _Lanes(folder)
    for part in parts.numbers(folder.parts):
        worker = lanes.of_part(part)
        for scored in parts.read(parts.path(folder.parts, part).with_suffix(".journal"), part):
            began, seconds = _time(scored.started), _time(scored.seconds)
            timeline.add(worker, began, seconds, scored.items)
            latencies.add(seconds, scored.first, scored.items, worker)
            mini_batches[worker] = mini_batches.get(worker, 0) + 1
    troubles, unread = _troubles(folder.failed_items)
    attempts: Counter[str] = Counter()
    for failure in journal.read(folder.journal):
        attempts[failure.type] += 1
        if failure.ended:
            ended, seconds = _time(failure.ended), _time(failure.seconds)
            timeline.add(lanes.of_failure(failure), ended - seconds, seconds, 0, failed=True)
    if record.finished and record.status is not Status.COMPLETED:
        timeline.reach(record.finished.timestamp())
    listed = listing.recorded(folder, record)
    slowest = tuple(_slow(listed, *entry) for entry in sorted(latencies.slowest, reverse=True))
    return Gathered(timeline, latencies, mini_batches, troubles, attempts, slowest, unread, lanes.names)


def _time(seconds: float) -> float:
    """Seconds as they may be: a record that a broken clock or disk wrote is drawn at the beginning."""
    return seconds if 0 <= seconds < _LATEST else 0.0


class _Lanes:
    """Which worker did what, by number. Of a job that was merged it is known of which node, so each node is one."""

    def __init__(self, folder: JobFolder) -> None:
        self._nodes = merged.nodes(folder.parts)
        self._numbers = {node: number for number, node in enumerate(sorted(set(self._nodes.values())))}

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes, in the order of their numbers; none of a job that was scored here."""
        return tuple(self._numbers)

    def of_part(self, part: int) -> int:
        """Who wrote a part."""
        node = self._nodes.get(part)
        return part if node is None else self._numbers[node]

    def of_failure(self, failure: journal.Failure) -> int:
        """Whose attempt failed, from the name of its log."""
        log = Path(failure.log)
        if log.parent.name in self._numbers:
            return self._numbers[log.parent.name]
        digits = log.name.partition(".")[0].removeprefix("process")
        return int(digits) if digits.isdecimal() else 0


def _troubles(file: Path) -> tuple[tuple[Trouble, ...], bool]:
    """Failed items, those with the same error together, the most frequent first."""
    found: dict[tuple[str, str], Trouble] = {}
    unread = False
    if not file.exists():
        return (), False
    with file.open(errors="replace") as lines:
        for count, line in enumerate(lines):
            if count >= _LINES:
                unread = True
                break
            told = _failed_item(file, line)
            key = (told["type"], _NUMBERS.sub("#", told["message"]))
            trouble = found.setdefault(key, Trouble(told["type"], told["message"], told["traceback"], told["log"]))
            trouble.items += 1
            trouble.traceback = trouble.traceback or told["traceback"]
            if len(trouble.files) < _FILES:
                trouble.files.append(told["item"])
    return tuple(sorted(found.values(), key=lambda trouble: -trouble.items)), unread


def _failed_item(file: Path, line: str) -> Mapping[str, str]:
    """One line of the list of failed items. Raises `JobDamaged`."""
    try:
        told = json.loads(line)
        if all(type(told[name]) is str for name in ("type", "message", "traceback", "log", "item")):
            found: Mapping[str, str] = told
            return found
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise JobDamaged(file, "a line names no failed item")


def _slow(listed: Manifest | None, seconds: float, first: int, items: int, worker: int) -> Slow:
    return Slow(seconds, items, worker, listed.names(first, min(items, _FILES)) if listed else ())
