"""What a job has written: its files, some rows of one as a table, and all of them to be kept. Decides nothing."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from bep.app.errors import Refused
from bep.app.jobs.looking.archives import archived
from bep.app.jobs.looking.output_files import OutputFile, Outputs, output_files_of, output_opened, rows_of
from bep.app.jobs.looking.progress import progress_of
from bep.server.studio.jobs.heads import JOBS, job_page
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.sending import sent_file, sent_image
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.jobs.looking.tables import Table
    from bep.app.jobs.records import JobRecord

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)
Place = Annotated[int, Query(ge=0, le=1 << 62)]
"""A place in a file."""


@router.get(f"{JOBS}/{{name}}/results")
def results(visit: Visiting, name: str, file: str = "", at: Place = 0, back: bool = False) -> Response:
    """The files, and some rows of one: of the predictions, where nobody chose."""
    record = progress_of(visit.opened, name).record
    found = output_files_of(record)
    shown = file or next((one.name for one in found.files if one.kind == "table"), "")
    table, refusal = _table(record, shown, at, back=back)
    return job_page(
        visit,
        "job_results.html",
        record,
        "Results",
        found=found,
        files=[(one, _paths(record, one)) for one in found.files],
        shown=shown,
        image=_image(found, shown),
        table=table,
        refusal=refusal,
        turns=_turns(record, shown, table),
        elsewhere=record.output_address,
    )


def _image(found: Outputs, shown: str) -> bool:
    return any(one.name == shown and one.kind == "image" for one in found.files)


def _table(record: "JobRecord", shown: str, at: int, *, back: bool) -> "tuple[Table | None, str]":
    """Some rows; or why this file cannot be shown as such, which is no reason to show nothing."""
    if not shown or shown.rpartition(".")[2].lower() in ("png", "jpg", "jpeg", "gif", "webp"):
        return None, ""
    try:
        return rows_of(record, shown, at, back=back), ""
    except Refused as refused:
        if refused.__class__ is not Refused:  # a file that is not there is no table that cannot be read
            raise
        return None, refused.message


def _paths(record: "JobRecord", file: OutputFile) -> dict[str, str]:
    below = address_of("jobs", record.name)
    return {
        "show": f"{below}/results?{_query(file=file.name)}" if file.kind else "",
        "keep": f"{below}/results/file?{_query(name=file.name)}",
    }


def _query(**given: Any) -> str:
    return urlencode(given, errors="surrogateescape")


def _turns(record: "JobRecord", shown: str, table: "Table | None") -> dict[str, str]:
    """The pages before and after, and the first."""
    if table is None:
        return {}
    below = f"{address_of('jobs', record.name)}/results"

    def path(**place: Any) -> str:
        return f"{below}?{_query(file=shown, **place)}"

    turns: dict[str, str] = {}
    if table.previous is not None:
        turns |= {"first": path(), "previous": path(at=table.start, back=1)}
    if table.next is not None:
        turns["next"] = path(at=table.next)
    return turns


@router.get(f"{JOBS}/{{name}}/results/file")
def result_file(visit: Visiting, request: Request, name: str, file: Annotated[str, Query(alias="name")]) -> Response:
    """One of the files, to be kept."""
    record = progress_of(visit.opened, name).record
    return sent_file(request, output_opened(record, file), file)


@router.get(f"{JOBS}/{{name}}/results/image")
def result_image(visit: Visiting, name: str, file: Annotated[str, Query(alias="name")]) -> Response:
    """One of the files that is an image."""
    record = progress_of(visit.opened, name).record
    return sent_image(output_opened(record, file), file)


@router.get(f"{JOBS}/{{name}}/download")
def download(visit: Visiting, name: str) -> Response:
    """Results, logs, list of failed items and record, packed while they are sent."""
    record = progress_of(visit.opened, name).record
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{address_of(record.name).rpartition('/')[2]}.zip",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return StreamingResponse(archived(record), headers=headers, media_type="application/zip")
