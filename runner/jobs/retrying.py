"""Makes a job forget that items failed, so that its next run scores them again. Durable at each step; scores nothing.

What is forgotten is not lost: an earlier journal stays beside the new one, and rows stay in their part.
"""

from pathlib import Path

from bep.disk.durable import sync_folder, write_durably
from bep.runner.errors import OutputExists
from bep.runner.folder import parts
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import JobRecord, Status, save
from bep.runner.outputs import assembling
from bep.runner.outputs.columns import Columns, columns_of
from bep.runner.worker import wire

_SLACK = 2.0  # seconds by which a file system's clock may be behind this process's


def forget_failures(folder: JobFolder, record: JobRecord) -> JobRecord:
    """Give the failed items of a job that nobody runs back; the record that its next run begins with, saved.

    A kill after any line leaves a job that `resume` completes: with its failures if they were not forgotten yet.
    Raises `OutputExists` when the output is not as the job left it, and nothing is changed then.
    """
    is_there = record.status is Status.COMPLETED and record.output_file is not None
    if is_there and record.output_file:
        _unchanged(record.output_file, record)
        assembling.forget(assembling.partial(record.output_file, record.name))
    again = record.model_copy(
        update={"status": Status.STARTING, "finished": None, "rewrites": record.rewrites or is_there}
    )
    save(again)
    _set_aside(folder.journal)
    columns = columns_of(folder.parts)
    for number in parts.numbers(folder.parts):
        _drop_failed(folder.parts, number, columns)
    return again


def _unchanged(file: Path, record: JobRecord) -> None:
    """The job wrote its output before it had finished; whoever touches a file later leaves a later time on it."""
    try:
        changed = file.stat().st_mtime
    except FileNotFoundError:
        return
    if record.finished and changed > record.finished.timestamp() + _SLACK:
        raise OutputExists(
            f"{file} has changed since job {record.name} wrote it, and is not overwritten: move it away, then retry"
        )


def _set_aside(journal: Path) -> None:
    """Begin a new journal of failures; the earlier ones are `journal.1`, `journal.2`, ..."""
    if not journal.exists():
        return
    number = 1
    while (kept := journal.with_name(f"{journal.name}.{number}")).exists():
        number += 1
    journal.rename(kept)
    sync_folder(journal.parent)


def _drop_failed(folder: Path, number: int, columns: Columns) -> None:
    """Take out the mini-batches that run() gave too few results for, or rows that do not fit into the file."""
    journal = parts.path(folder, number).with_suffix(".journal")
    whole = journal.read_bytes()
    kept = bytearray()
    for position, entry in enumerate(parts.read(journal, number)):
        if entry.results >= entry.items and not columns.misfit(entry):
            kept += whole[position * wire.RECORD : (position + 1) * wire.RECORD]
    if len(kept) < len(whole):
        write_durably(journal, bytes(kept))
