"""The files of a job's log: which there are, some lines of one, what one has of a word, what was added to one. Never a
whole file, and nothing outside of the folder of the logs, whatever links lie there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from bep.app.errors import NotFound
from bep.app.jobs.looking.windows import Found, Line, Window, before, begins_line, found_in, last, window
from bep.disk.beneath import NotBeneath, opened, walked
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from bep.runner.folder.record import JobRecord

LINES: Final = 200
FOUND: Final = 200
_FIRST: Final = ("job_error.txt", "job_result.txt", "job_progress_overview")
_MOST: Final = 2000  # files that are listed: a job whose every call ends its worker leaves thousands


@dataclass(frozen=True, slots=True)
class LogText:
    """One file: its name below the job's `logs`, with `/`; bytes; `group` is what it is of, in words."""

    name: str
    size: int
    group: str


def logs_of(record: "JobRecord") -> tuple[LogText, ...]:
    """What there is, the overview of the job first; not more than a person would look through."""
    try:
        found = [LogText(name, entry.size, _group(name)) for name, entry in walked(_folder(record))]
    except NotBeneath:  # nothing has been said yet
        return ()
    return tuple(sorted(found, key=_order)[:_MOST])


@contextmanager
def log_opened(record: "JobRecord", name: str) -> Iterator[BinaryIO]:
    """One file of the log. Raises `NotFound`."""
    try:
        with opened(_folder(record), name) as stream:
            yield stream
    except NotBeneath:
        raise NotFound(f"job {record.name} has no log {name!r}") from None


def lines_of(record: "JobRecord", name: str, start: int | None, lines: int = LINES) -> Window:
    """Some lines from a byte on, whose line is shown from its beginning; None: the last. Raises `NotFound`."""
    with log_opened(record, name) as stream:
        return last(stream, lines) if start is None else window(stream, begins_line(stream, start), lines)


def lines_before(record: "JobRecord", name: str, end: int, lines: int = LINES) -> Window:
    """The lines before a byte that begins one. Raises `NotFound`."""
    with log_opened(record, name) as stream:
        return window(stream, before(stream, begins_line(stream, end), lines), lines)


def lines_added(record: "JobRecord", name: str, start: int, *, to_the_end: bool) -> tuple[tuple[Line, ...], int]:
    """Whole lines from a byte on, and where to read on; `to_the_end`: the last line, too, if it is not whole. Raises
    `NotFound`."""
    with log_opened(record, name) as stream:
        found = window(stream, start, LINES)
        if to_the_end or not found.is_last or not found.lines or os.pread(stream.fileno(), 1, found.end - 1) == b"\n":
            return found.lines, found.end
        return found.lines[:-1], found.lines[-1].start


def search_of(record: "JobRecord", name: str, wanted: str, start: int = 0) -> Found:
    """Lines from a byte on that have a word. Raises `NotFound`."""
    with log_opened(record, name) as stream:
        return found_in(stream, wanted.encode(errors="surrogateescape"), begins_line(stream, start), FOUND)


def _folder(record: "JobRecord") -> "Path":
    return record.folder / "logs"


def _group(name: str) -> str:
    """From the layout that the compatible service has, see a job's `logs/readme.txt`."""
    below = name.split("/")
    if below[0] == "user" and len(below) > 2:
        what = {"stdout": "printed", "stderr": "printed as errors", "error": "raised", "entry_script_log": "logged"}
        return f"what workers {what[below[1]]}" if below[1] in what else "of workers"
    return {"sys": "tables of mini-batches", "perf": "memory"}.get(below[0], "the job") if len(below) > 1 else "the job"


def _order(log: LogText) -> tuple[int, str, str]:
    first = next((n for n, name in enumerate(_FIRST) if log.name.startswith(name)), len(_FIRST))
    groups = ("the job", "what workers raised", "what workers logged", "what workers printed")
    group = groups.index(log.group) if log.group in groups else len(groups)
    return group * 10 + first, log.group, log.name
