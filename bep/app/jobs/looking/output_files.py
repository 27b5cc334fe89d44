"""The files of a job's result: which there are, one opened, some rows of one as a table. Never a whole file, and
nothing but what the job has written for its user, whatever links lie there."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from bep.app.errors import NotFound
from bep.app.jobs.looking.tables import Table, table_of
from bep.disk.beneath import NotBeneath, opened, parts_of, walked
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

_MOST: Final = 500  # files that are listed


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file: its name below the job's output folder, with `/`; bytes; `is_predictions`: the one that bep made of the
    script's results. `kind` is `table`, `image` or empty, by its name."""

    name: str
    size: int
    is_predictions: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """What there is; `is_all`: there are no more files than these."""

    files: tuple[OutputFile, ...]
    is_all: bool


def output_files_of(record: "JobRecord") -> Outputs:
    """What a job has written for its user, the predictions first. Nothing where it lies in a store."""
    found = list(islice(_files(record), _MOST + 1))
    files = sorted(found[:_MOST], key=lambda file: (not file.is_predictions, file.name))
    return Outputs(tuple(files), len(found) <= _MOST)


def every_output(record: "JobRecord") -> Iterator[str]:
    """The names of all of them, as they are met."""
    return (file.name for file in _files(record))


@contextmanager
def output_opened(record: "JobRecord", name: str) -> Iterator[BinaryIO]:
    """One of the files. Raises `NotFound`."""
    try:
        if not _is_output(record, name):
            raise NotBeneath(name)
        with opened(record.output_folder, name) as stream:
            yield stream
    except NotBeneath:
        raise NotFound(f"job {record.name} has no output {name!r}") from None


def rows_of(record: "JobRecord", name: str, start: int = 0, *, back: bool = False) -> Table:
    """Some rows of a file from a place on, or those before it. Raises `NotFound`; `Refused` for what is no table."""
    with output_opened(record, name) as stream:
        return table_of(stream, name, _format(record, name), start, back=back)


def _files(record: "JobRecord") -> Iterator[OutputFile]:
    if record.output_address:
        return
    try:
        for name, entry in walked(record.output_folder):
            if _is_output(record, name):
                is_predictions = record.output_file is not None and name == record.output_file.name
                yield OutputFile(name, entry.size, is_predictions, _kind(name))
    except NotBeneath:  # nothing is written yet
        return


def _is_output(record: "JobRecord", name: str) -> bool:
    """As a download has it: of a folder that the user named, and that other things may stand in, the one file alone."""
    steps = parts_of(name)
    if record.output_address or not steps or steps[0].endswith(".partial"):
        return False
    file = record.output_file
    return file is None or record.name in record.output_folder.parts or steps == (file.name,)


def _kind(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    if ending in ("csv", "tsv", "txt", "jsonl", "parquet"):
        return "table"
    return "image" if ending in ("png", "jpg", "jpeg", "gif", "webp") else ""


def _format(record: "JobRecord", name: str) -> str:
    """What bep wrote is in the format that was asked for; what a script wrote is what its name says."""
    if record.output_file is not None and name == record.output_file.name:
        return record.settings.output_format
    ending = name.rpartition(".")[2].lower()
    return ending if ending in ("csv", "jsonl", "parquet") else "azureml"
