"""Where a job is, in one line that fits; and which of its troubles a person wants to read while it runs. Pure."""

from collections import Counter
from typing import TYPE_CHECKING

from bep.command_words import number_of
from bep.lazy_patterns import lazy_pattern
from bep.schemas.escaping import in_one_line

if TYPE_CHECKING:
    from bep.app.jobs.events import Event, Progress, Transferring

PLAIN_PERIOD = 10.0
"""Seconds between two lines of progress where no terminal can show a live one."""
_BAR = 24
_NARROWEST = 8
_ALIKE = 2  # troubles of one kind that are told while they happen
_MOST = 20  # of all kinds; the files of a job have them all
_NUMBERS = lazy_pattern(r"\d+")


def live_line(progress: "Progress", width: int, *, fancy: bool) -> str:
    """A bar and figures in less than `width` columns; what matters least is left out first where that is little.

    `fancy` is whether the terminal shows block characters.
    """
    figures = _figures(progress)
    share = _done(progress) / progress.items if progress.items else 1.0
    while len(figures) > 1 and _NARROWEST + 10 + len("  ".join(figures)) >= width:
        figures.pop()
    room = max(0, min(_BAR, width - 10 - len("  ".join(figures))))
    full = int(share * room)
    solid, empty = ("█", "░") if fancy else ("#", ".")
    bar = f"[{solid * full}{empty * (room - full)}] " if room >= _NARROWEST else ""
    return f"{bar}{int(share * 100):>3}%  {'  '.join(figures)}"[: max(0, width - 1)]


def _figures(progress: "Progress") -> list[str]:
    """What is said of a job, the most important first."""
    if not progress.workers_ready and not _done(progress):
        return [f"preparing {number_of(progress.workers, 'worker')}", duration(progress.elapsed)]
    parts = [f"{_done(progress):,}/{progress.items:,}"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.eta is not None:
        parts.append(f"{duration(progress.eta)} left")
    if progress.items_per_second:
        parts.append(f"{rate(progress.items_per_second)} items/s")
    if progress.retries:
        parts.append("1 retry" if progress.retries == 1 else f"{progress.retries:,} retries")
    parts.append(f"{progress.workers_ready}/{number_of(progress.workers, 'worker')}")
    if progress.memory:
        parts.append(size(progress.memory))
    return parts


def plain_line(progress: "Progress") -> str:
    """The same for a log: `1,200 of 20,000 done, 3 failed, 410 items/s, 46 s left, 4 of 4 workers, 812 MB`."""
    if not progress.workers_ready and not _done(progress):
        return ", ".join([*_figures(progress), *_waits(progress)])
    parts = [f"{_done(progress):,} of {progress.items:,} done"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.retries:
        parts.append("1 retry" if progress.retries == 1 else f"{progress.retries:,} retries")
    if progress.items_per_second:
        parts.append(f"{rate(progress.items_per_second)} items/s")
    if progress.eta is not None:
        parts.append(f"{duration(progress.eta)} left")
    parts.append(f"{progress.workers_ready} of {number_of(progress.workers, 'worker')}")
    if progress.memory:
        parts.append(size(progress.memory))
    return ", ".join([*parts, *_waits(progress)])


def waiting_line(progress: "Progress", width: int) -> list[str]:
    """What a cluster has not given yet, in its own words; nothing where nothing is waited for."""
    return [f"  {one}"[: width - 1] for one in _waits(progress)] if width > 1 else []


def _waits(progress: "Progress") -> list[str]:
    return [f"waiting for the cluster: {in_one_line(progress.waits_for)}"] if progress.waits_for else []


def transfer_line(transferring: "Transferring") -> str:
    """`fetching inputs: 3 of 20 files, 120 MB of 2.3 GB, 41 s`, for a terminal and for a log."""
    files = f"{transferring.files:,} of {number_of(transferring.of_files, 'file')}"
    of_bytes = "" if transferring.of_bytes is None else f" of {size(transferring.of_bytes)}"
    return f"{transferring.doing}: {files}, {size(transferring.bytes)}{of_bytes}, {duration(transferring.elapsed)}"


def _done(progress: "Progress") -> int:
    return progress.scored + progress.failed


def rate(value: float) -> str:
    """`0.42`, `7.3`, `1,043`."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """`4 s`, `2 min 5 s`, `3 h 20 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Bytes as `84 MB` or `3.2 GB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


class Troubles:
    """Which failed attempts and lost workers are told as they happen: the first of each kind, and not too many.

    A script that fails for a thousand files fails in one way; the count is in the line of progress, and the job's
    report, `failed_items.jsonl` and `logs/job_error.txt` have the rest.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._told = 0

    def is_worth_telling(self, event: "Event") -> bool:
        """Whether to say this one; other events are always said."""
        from bep.app.jobs.events import MiniBatchFailed, WorkerLost

        match event:
            case MiniBatchFailed():
                kind = (event.error_type, _NUMBERS.sub("#", event.message), f"{event.will_retry} {event.is_split}")
            case WorkerLost():
                kind = ("worker", _NUMBERS.sub("#", event.reason), "")
            case _:
                return True
        self._seen[kind] += 1
        if self._seen[kind] > _ALIKE or self._told >= _MOST:
            return False
        self._told += 1
        return True
