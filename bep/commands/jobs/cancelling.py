"""`bep job cancel`: end a job that another process runs. What it scored stays."""

import time
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from bep.runner.folder.record import JobRecord

_LOOK = 0.1  # seconds between two looks at the record
_PATIENCE = 30.0  # seconds after which a job that was told to stop has not


def cancel(
    name: Name,
    force: Annotated[bool, Option("--force", help="Kill it: do not wait for it to stop by itself.")] = False,
    output: Output = None,
) -> None:
    """Stop a job. What it has scored is kept, and `bep job resume NAME` goes on with it.

    The process that runs the job is asked as Ctrl-C asks it: it ends its workers, counts and closes the
    record. A job whose process is gone already is recorded as Canceled. Nothing else is ever signalled:
    only the process that holds the lock of this very job.

    \b
    Examples:
      bep job cancel nightly
      bep job cancel nightly --force          it does not react
      bep job cancel nightly -o json

    \b
    Exit codes: 0 the job is over now, 1 it was over before, or it does not stop.
    """
    from bep.app.job_records import record_named
    from bep.app.workspace.opening import here
    from bep.commands.jobs.results import show_job
    from bep.console import Console

    record = record_named(here().home, name)
    if record.status in ("Completed", "Failed"):
        raise Stop(ExitCode.ERROR, f"{record.name} is {record.status}: there is nothing to cancel")
    ended = record if record.status == "Canceled" else cancelled(record.folder, at_once=force)
    show_job(Console(), ended, output)


def cancelled(folder: "Path", *, at_once: bool) -> "JobRecord":
    """Ask, and wait until the record says that it is over; a runner that died meanwhile is recorded for it."""
    from bep.runner.folder.record import load
    from bep.runner.jobs.cancelling import interrupt, record_cancelled

    process = interrupt(folder, at_once=at_once)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        record = load(folder)
        if record.status == "NotResponding":
            return record_cancelled(folder)
        if record.status.is_final:
            return record
        time.sleep(_LOOK)
    raise Stop(
        ExitCode.ERROR,
        f"{folder.name}: process {process} was asked to stop {_PATIENCE:g} seconds ago and still runs\n"
        f"    fix: wait, or bep job cancel {folder.name} --force",
    )
