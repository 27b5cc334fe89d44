"""What was scored beside what came of it: items of the input with their rows, a page at a time, while a job runs, too.
Reads the manifest and the parts; holds no more than it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from bep.app.errors import NotFound
from bep.app.jobs.looking.images import HEAD, IMAGES, LARGEST, image_type_of, is_small
from bep.app.jobs.looking.tables import rows_of_part
from bep.app.jobs.looking.windows import size_of
from bep.disk.beneath import NotBeneath, opened_file
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.runner.folder.parts import Scored
    from bep.runner.folder.record import JobRecord
    from bep.runner.inputs.manifest import Manifest

PAGE: Final = 24
Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the input: its place from 0, its name as a person knows it; `is_image`: its bytes are there, and are
    an image that may be shown, `is_small` one of few pixels."""

    position: int
    name: str
    is_image: bool
    is_small: bool


@dataclass(frozen=True, slots=True)
class Scoring:
    """Items that were scored in one call, or one of them, and its rows; no rows: they have failed, or are not scored
    yet. Which row is whose is known where there is one item alone."""

    items: tuple[Item, ...]
    rows: tuple[Cells, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """Some of the items of a job, in the order of the input."""

    scorings: tuple[Scoring, ...]
    columns: Cells
    start: int
    next: int | None
    previous: int | None
    items: int


def beside_inputs_of(record: "JobRecord", start: int = 0, *, most: int = PAGE) -> Beside:
    """A page of them from an item on."""
    listed = _listed(record)
    items = record.counts.items
    start = min(max(start, 0), max(0, items - 1))
    if listed is None or not items:
        return Beside((), (), 0, None, None, items)
    end = min(start + most, items)
    paths = listed.paths(start, end - start)
    named = {
        position: Item(position, name, *_image(_there(record, path)))
        for position, (path, name) in enumerate(zip(paths, listed.shown(paths), strict=True), start)
    }
    columns, scorings = _scorings(record, named, start, end)
    following = end if end < items else None
    return Beside(tuple(scorings), columns, start, following, max(0, start - most) if start else None, items)


@contextmanager
def item_opened(record: "JobRecord", position: int) -> Iterator[tuple[BinaryIO, str]]:
    """The file of one item of the input, with its name. Raises `NotFound` where there is none, or none any more."""
    listed = _listed(record)
    if listed is None or not 0 <= position < record.counts.items:
        raise NotFound(f"job {record.name} has no item {position}")
    path = listed.paths(position, 1)[0]
    name = path.rpartition("/")[2]
    try:
        with opened_file(_there(record, path)) as stream:
            yield stream, name
    except NotBeneath:
        raise NotFound(f"item {position} of job {record.name} is not there any more: {name}") from None


def _listed(record: "JobRecord") -> "Manifest | None":
    from bep.runner.folder.folder import JobFolder
    from bep.runner.inputs import listing

    return listing.recorded(JobFolder(record.folder), record)


def _there(record: "JobRecord", path: str) -> Path:
    """Where the bytes of an item are: of registered data the job had copies, which are gone when it is over; those that
    they were made of are where they are stored."""
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.folder import JobFolder
    from bep.runner.jobs.staging import kept

    place, folder = Path(path), JobFolder(record.folder)
    if not place.is_relative_to(folder.assets) or place.exists():
        return place
    name, *below = place.relative_to(folder.assets).parts
    try:
        original = kept(folder)[0].get(name, {}).get("/".join(below))
    except JobInvalid:
        return place
    return original.path if original is not None else place


def _image(path: Path) -> tuple[bool, bool]:
    """Whether it is an image that may be shown, and whether a small one: told from its bytes. Of a file whose name says
    that it is something else, nobody looks at them."""
    if path.suffix[1:].lower() not in IMAGES and path.suffix:
        return False, False
    try:
        with opened_file(path) as stream:
            head = stream.read(HEAD)
            return size_of(stream) <= LARGEST and image_type_of(head) is not None, is_small(head)
    except NotBeneath:
        return False, False


def _scorings(record: "JobRecord", named: dict[int, Item], start: int, end: int) -> tuple[Cells, list[Scoring]]:
    """Of these items: those of each call together where its rows cannot be told apart, each other one by itself."""
    from bep.runner.folder import parts
    from bep.runner.folder.folder import JobFolder

    folder = JobFolder(record.folder).parts
    found, reached = [], start
    for entry in parts.in_order(folder) if folder.is_dir() else ():
        if entry.first + entry.items <= start:
            continue
        if entry.first >= end:
            break
        found += [Scoring((named[position],), ()) for position in range(reached, entry.first)]
        found += _of_call(record, folder, entry, named)
        reached = entry.first + entry.items
    found += [Scoring((named[position],), ()) for position in range(reached, end)]
    return _columns(record, folder), found


def _of_call(record: "JobRecord", folder: Path, entry: "Scored", named: dict[int, Item]) -> list[Scoring]:
    """The items of a call that are wanted, each with its row where there are as many rows as items."""
    from bep.runner.folder import parts

    rows: tuple[Cells, ...] = ()
    try:
        with parts.path(folder, entry.part).with_suffix(".rows").open("rb") as stream:
            rows = rows_of_part(stream, entry.offset, entry.length, record.settings.output_format)
    except FileNotFoundError:  # a job that keeps no rows
        pass
    wanted = [position for position in range(entry.first, entry.first + entry.items) if position in named]
    if len(rows) == entry.items and entry.results == entry.items:
        return [Scoring((named[position],), (rows[position - entry.first],)) for position in wanted]
    return [Scoring(tuple(named[position] for position in wanted), rows)]


def _columns(record: "JobRecord", folder: Path) -> Cells:
    """The names of the cells, where the file has them."""
    if record.settings.output_format != "csv" or not folder.is_dir():
        return ()
    from bep.runner.outputs.columns import columns_of
    from bep.runner.worker.results import csv_text

    header = columns_of(folder).header.decode("utf-8", "replace")
    return tuple(next(iter(csv_text.rows(header)), ()))
