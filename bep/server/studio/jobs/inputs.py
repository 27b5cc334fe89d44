"""What a job is given beside what came of it, what failed of it, and its files. Decides nothing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, BinaryIO

from fastapi import APIRouter, Path, Query, Request, Response

from bep.app.jobs.looking.beside_inputs import beside_inputs_of, item_opened
from bep.app.jobs.looking.failed_items import failed_items_of
from bep.app.jobs.looking.progress import progress_of
from bep.server.studio.jobs.heads import JOBS, job_page
from bep.server.studio.jobs.results import Place
from bep.server.studio.pages import Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.sending import sent_file, sent_image
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)
Position = Annotated[int, Path(ge=0, le=1 << 62)]
"""Which item of the input, from 0."""


@router.get(f"{JOBS}/{{name}}/inputs")
def inputs(visit: Visiting, name: str, start: Annotated[int, Query(alias="from", ge=0, le=1 << 62)] = 0) -> Response:
    """Some items, each beside its rows."""
    record = progress_of(visit.opened, name).record
    found = beside_inputs_of(record, start)
    below = f"{address_of('jobs', record.name)}/inputs"
    has_images = any(item.is_image for scoring in found.scorings for item in scoring.items)
    turns = {
        title: f"{below}?from={place}"
        for title, place in (("previous", found.previous), ("next", found.next))
        if place is not None
    }
    return job_page(
        visit, "job_inputs.html", record, "Inputs", found=found, below=below, has_images=has_images, turns=turns
    )


@router.get(f"{JOBS}/{{name}}/failed")
def failed(visit: Visiting, name: str, at: Place = 0) -> Response:
    """Some of the items that failed, and why each did."""
    record = progress_of(visit.opened, name).record
    found = failed_items_of(record, at)
    below = address_of("jobs", record.name)
    turns = {"first": f"{below}/failed"} if found.start else {}
    turns |= {"next": f"{below}/failed?at={found.next}"} if found.next is not None else {}
    return job_page(visit, "job_failed.html", record, "Failed items", found=found, below=below, turns=turns)


@router.get(f"{JOBS}/{{name}}/inputs/{{position}}")
def item(visit: Visiting, request: Request, name: str, position: Position) -> Response:
    """One item, to be kept."""
    stream, file = _item(progress_of(visit.opened, name).record, position)
    return sent_file(request, stream, file)


@router.get(f"{JOBS}/{{name}}/inputs/{{position}}/image")
def item_image(visit: Visiting, name: str, position: Position) -> Response:
    """One item that is an image."""
    stream, file = _item(progress_of(visit.opened, name).record, position)
    return sent_image(stream, file)


def _item(record: "JobRecord", position: int) -> tuple[AbstractContextManager[BinaryIO], str]:
    """The file of an item, to be opened, and its name."""
    with item_opened(record, position) as (_, name):
        pass

    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        with item_opened(record, position) as (stream, _):
            yield stream

    return opened(), name
