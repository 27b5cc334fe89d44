"""All of a job as one ZIP archive, made while it is taken: its results, and below `artifacts` logs, record and the list
of failed items, as a download has them. Holds a block of one file at a time."""

import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from bep.app.errors import NotFound
from bep.app.jobs.downloading import ARTIFACTS
from bep.app.jobs.looking.output_files import every_output, output_opened
from bep.disk.beneath import NotBeneath, opened, walked

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

_BLOCK: Final = 1 << 18
_OF_A_JOB: Final = ("job.json", "failed_items.jsonl", "report.html")
_EARLIEST: Final = 315_532_800  # 1980, before which no archive dates a file
_Open = Callable[[], AbstractContextManager[BinaryIO]]


def archived(record: "JobRecord") -> Iterator[bytes]:
    """The archive, piece by piece. A file that is gone when it is its turn is left out."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, open_file in _files(record):
            try:
                with open_file() as stream:
                    yield from _packed(archive, name, stream, sink)
            except (NotFound, NotBeneath):
                continue
    yield sink.taken()


def _packed(archive: zipfile.ZipFile, name: str, stream: BinaryIO, sink: "_Sink") -> Iterator[bytes]:
    changed = max(os.fstat(stream.fileno()).st_mtime, _EARLIEST)
    entry = zipfile.ZipInfo(name.encode(errors="replace").decode(), time.gmtime(changed)[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as packed:
        while block := stream.read(_BLOCK):
            packed.write(block)
            if data := sink.taken():
                yield data


def _files(record: "JobRecord") -> Iterator[tuple[str, _Open]]:
    """Each file by its name in the archive."""
    for name in every_output(record):
        yield name, partial(output_opened, record, name)
    for name in _OF_A_JOB:
        yield f"{ARTIFACTS}/{name}", partial(opened, record.folder, name)
    try:
        for name, _ in walked(record.folder, "logs"):
            yield f"{ARTIFACTS}/{name}", partial(opened, record.folder, name)
    except NotBeneath:
        return


class _Sink:
    """Takes what an archive writes, to be given on; it can do nothing else, so that no archive goes back in it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data
