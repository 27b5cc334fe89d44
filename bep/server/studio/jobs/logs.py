"""What a job and its workers said: which files there are, lines of one, what one has of a word. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bep.app.jobs.looking.log_files import lines_before, lines_of, log_opened, logs_of, search_of
from bep.app.jobs.looking.progress import progress_of
from bep.lazy_dataclasses import dataclass
from bep.server.studio.jobs.heads import JOBS, job_page
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.sending import sent_file
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bep.app.jobs.looking.log_files import LogText
    from bep.app.jobs.looking.windows import Line, Window

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)
At = Annotated[int | None, Query(ge=0, le=1 << 62)]


@dataclass(frozen=True)
class Shown:
    """A line of a log as it is shown: where it is, its text, and whether there is more of it."""

    at: int
    text: str
    is_cut: bool


@router.get(f"{JOBS}/{{name}}/logs")
def logs(
    visit: Visiting,
    name: str,
    file: str = "",
    at: At = None,
    before: At = None,
    search: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The last lines of a file, or those at a place, or those that have a word."""
    record = progress_of(visit.opened, name).record
    every = logs_of(record)
    chosen = file or _first(every)
    below = f"{address_of('jobs', record.name)}/logs"
    values: dict[str, Any] = {"lines": (), "turns": {}, "found": None, "follow": ""}
    if chosen and search:
        found = search_of(record, chosen, search, at or 0)
        turns = {"next": log_path(below, chosen, search=search, at=found.end)} if found.end is not None else {}
        values |= {"lines": shown_lines(found.lines), "turns": turns, "found": found}
    elif chosen:
        window = lines_before(record, chosen, before) if before is not None else lines_of(record, chosen, at)
        values |= {"lines": shown_lines(window.lines), "turns": _turns(below, chosen, window)}
        if window.is_last and not record.status.is_final:
            values["follow"] = f"{below}/events?{urlencode({'file': chosen, 'at': window.end})}"
    groups: dict[str, list[tuple[str, str, int]]] = {}
    for log in (log for log in every if log.size or log.name == chosen):
        groups.setdefault(log.group, []).append((log.name, log_path(below, log.name), log.size))
    return job_page(
        visit, "job_logs.html", record, "Logs",
        groups=groups, chosen=chosen, search=search, below=below,
        base=log_path(below, chosen), plain=f"{below}/file?{urlencode({'name': chosen})}",
        size=next((log.size for log in every if log.name == chosen), 0), **values,
    )  # fmt: skip


@router.get(f"{JOBS}/{{name}}/logs/file")
def log_file(
    visit: Visiting, request: Request, name: str, file: Annotated[str, Query(alias="name")], keep: bool = False
) -> Response:
    """One file as plain text, or to be kept."""
    record = progress_of(visit.opened, name).record
    return sent_file(request, log_opened(record, file), file, as_text=not keep)


def shown_lines(lines: "Sequence[Line]") -> list[Shown]:
    """Lines as text."""
    return [Shown(line.start, line.text.decode(errors="replace"), line.is_cut) for line in lines]


def _first(every: "Sequence[LogText]") -> str:
    """What a person would look at first: how far the job is, else whatever there is."""
    overview = [log.name for log in every if log.name.startswith("job_progress_overview")]
    return overview[-1] if overview else every[0].name if every else ""


def _turns(below: str, file: str, window: "Window") -> dict[str, str]:
    turns: dict[str, str] = {}
    if not window.is_first:
        turns |= {"first": log_path(below, file, at=0), "previous": log_path(below, file, before=window.start)}
    if not window.is_last:
        turns |= {"next": log_path(below, file, at=window.end), "last": log_path(below, file)}
    return turns


def log_path(below: str, file: str, **place: Any) -> str:
    """The page of a file of the log; `below` is that of all of them."""
    return f"{below}?{urlencode({'file': file, **place}, errors='surrogateescape')}"
