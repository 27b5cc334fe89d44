"""The report of a job, drawn into its folder. Knows what a job has left, not what the page looks like."""

from pathlib import Path

from bep.disk.durable import write_durably
from bep.runner.folder.folder import JobFolder
from bep.runner.folder.record import load
from bep.runner.jobs.counting import so_far
from bep.runner.reporting.html import NAME, render
from bep.runner.reporting.html_data import gather


def drawn(path: Path) -> bytes:
    """The report of the job in this folder as it is now. Raises `JobInvalid` for a folder without a job, `OSError`."""
    record = so_far(load(path))
    return render(record, gather(JobFolder(path), record)).encode("utf-8", "backslashreplace")


def write(path: Path) -> Path:
    """Write the report of the job in this folder, whole or not at all; where it is.

    Raises `JobInvalid` for a folder without a job, `OSError` when it cannot be read or written.
    """
    write_durably(path / NAME, drawn(path))
    return path / NAME
