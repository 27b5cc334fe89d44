"""The datastores, browsed: a folder at a time, by a path that was pasted. Decides nothing."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bep.app.workspace.datastores import Place, browsed, datastores_of, place_named, stored_file
from bep.lazy_dataclasses import dataclass
from bep.server.studio.pages import Entry, Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.sending import sent_file
from bep.server.studio.texts import address_of

if TYPE_CHECKING:
    from bep.app.workspace.datastores import Stored

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)
DATASTORES = address_of("datastores")


@dataclass(frozen=True)
class Row:
    """What a folder has: `path` is where it leads, empty for what nobody is led to."""

    name: str
    kind: str
    size: int | None
    changed: datetime
    path: str


@router.get(DATASTORES)
def datastores(visit: Visiting) -> Response:
    """The datastores there are."""
    names = [(name, address_of("datastores", name)) for name in datastores_of(visit.opened)]
    return visit.page("datastores.html", "Datastores", current=DATASTORES, names=names)


@router.get(f"{DATASTORES}/{{datastore}}")
def datastore(
    visit: Visiting,
    datastore: str,
    path: Annotated[str, Query(max_length=4096)] = "",
    after: Annotated[str, Query(max_length=1024)] = "",
) -> Response:
    """What is at a path of a datastore, which may be one that a job names."""
    place = place_named(visit.opened, path, datastore)
    found = browsed(visit.opened, place, after)
    here = address_of("datastores", place.datastore)
    return visit.page(
        "datastore.html",
        place.datastore,
        current=DATASTORES,
        trail=[Entry("Datastores", DATASTORES)],
        place=place,
        found=found,
        here=here,
        steps=_steps(place, here),
        rows=[_row(entry, place, here) for entry in found.entries],
        older=f"{here}?{_query(path=place.path, after=found.next)}" if found.next else "",
        keep=f"{here}/file?{_query(path=place.path)}",
        asked=path,
    )


@router.get(f"{DATASTORES}/{{datastore}}/file")
def stored(
    visit: Visiting, request: Request, datastore: str, path: Annotated[str, Query(max_length=4096)] = ""
) -> Response:
    """A file of a datastore, to be kept."""
    place = place_named(visit.opened, path, datastore)
    return sent_file(request, stored_file(visit.opened, place), place.path)


def _steps(place: Place, here: str) -> list[Entry]:
    """The folders on the way to a place, the datastore itself first."""
    found, walked = [Entry(place.datastore, here)], ""
    for step in place.path.split("/") if place.path else ():
        walked = f"{walked}/{step}" if walked else step
        found.append(Entry(step, f"{here}?{_query(path=walked)}"))
    return found


def _row(entry: "Stored", place: Place, here: str) -> Row:
    path = f"{place.path}/{entry.name}" if place.path else entry.name
    changed = datetime.fromtimestamp(entry.changed, UTC)
    if entry.kind == "folder":
        return Row(entry.name, entry.kind, None, changed, f"{here}?{_query(path=path)}")
    keep = f"{here}/file?{_query(path=path)}" if entry.kind == "file" else ""
    return Row(entry.name, entry.kind, entry.size, changed, keep)


def _query(**given: str) -> str:
    return urlencode(given, errors="surrogateescape")
