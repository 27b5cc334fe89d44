"""`bep job cancel`: end a job that another process runs. What it scored stays."""

from typing import Annotated

from bep.command_line.declaring import Option
from bep.commands.jobs.results import Name, Output


def cancel(
    name: Name,
    force: Annotated[bool, Option("--force", help="Kill it: do not wait for it to stop by itself.")] = False,
    output: Output = None,
) -> None:
    """Stop a job. What it has scored is kept, and `bep job resume NAME` goes on with it.

    The process that runs the job is asked as Ctrl-C asks it: it ends its workers, counts and closes the
    record. A job whose process is gone already is recorded as Canceled. Nothing else is ever signalled:
    only the process that holds the lock of this very job. Where a service runs the job, it is asked to
    end it, and waited for; --force does not wait.

    \b
    Examples:
      bep job cancel nightly
      bep job cancel nightly --force          it does not react
      bep job cancel nightly -o json

    \b
    Exit codes: 0 the job is over now, 1 it was over before, or it does not stop.
    """
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.results import show_job
    from bep.console import Console

    show_job(Console(), jobs_of(workspace_here()).cancel(name, at_once=force), output)
