"""The failed items of a job, a page at a time, those together that failed in one call. Reads its list, or its journals
while there is none."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final

from bep.app.jobs.looking.windows import window
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

PAGE: Final = 25
_LONGEST: Final = 1 << 20  # bytes of one line of the list: a traceback may be long


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item: its name, and its place in the input from 0."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Items that failed in one call, and why. `log` is below the job's folder, with a line behind a colon if known."""

    items: tuple[FailedItem, ...]
    type: str
    message: str
    traceback: str
    attempts: int
    log: str


@dataclass(frozen=True, slots=True)
class FailedPage:
    """Some of the failed items. The next page begins at `next`, a mark that means nothing else; None: there is none."""

    failed: tuple[Failed, ...]
    start: int
    next: int | None


def failed_items_of(record: "JobRecord", start: int = 0, *, most: int = PAGE) -> FailedPage:
    """A page of them, in the order of the input; of a job that is not over, in the order they were given up."""
    from bep.runner.folder.folder import JobFolder
    from bep.runner.folder.record import Status

    listed = JobFolder(record.folder).failed_items
    if record.status.is_final and record.status is not Status.NOT_RESPONDING:
        try:
            with listed.open("rb") as stream:
                found = window(stream, start, most, longest=_LONGEST)
        except FileNotFoundError:
            return FailedPage((), 0, None)
        told = [_told(line.text) for line in found.lines]
        return FailedPage(_together(one for one in told if one), found.start, None if found.is_last else found.end)
    rows = list(islice(_of_journals(record), start, start + most + 1))
    return FailedPage(_together(rows[:most]), start, start + most if len(rows) > most else None)


def _told(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
        return {
            "item": str(told["item"]),
            "position": int(told["position"]),
            **{name: str(told.get(name, "")) for name in ("type", "message", "traceback", "log")},
            "attempts": int(told.get("attempts", 0)),
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # a line that was cut, or that somebody else has written


def _of_journals(record: "JobRecord") -> Iterator[dict[str, Any]]:
    """The same from what the runner and its workers have written down so far."""
    from bep.runner.folder import parts
    from bep.runner.folder.folder import JobFolder
    from bep.runner.inputs import listing
    from bep.runner.jobs.totals import Totals, failed_calls, history_of

    folder = JobFolder(record.folder)
    listed = listing.recorded(folder, record)
    if listed is None:
        return
    history, totals = history_of(folder, record.settings), Totals()
    for entry in parts.in_order(folder.parts):
        totals.add(entry)
    for call, why in failed_calls(folder, history, totals):
        for position, name in enumerate(listed.names(call.first, call.count), call.first):
            yield {
                "item": name,
                "position": position,
                "type": why.type,
                "message": why.message,
                "traceback": why.traceback,
                "log": why.log,
                "attempts": why.attempt,
            }


def _together(rows: Iterable[dict[str, Any]]) -> tuple[Failed, ...]:
    def why(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in ("type", "message", "traceback", "attempts", "log"))

    return tuple(
        Failed(tuple(FailedItem(row["item"], row["position"]) for row in alike), *reason)
        for reason, alike in groupby(rows, why)
    )
