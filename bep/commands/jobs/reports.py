"""`bep job report`, and the report that every job leaves when it ends: one page with everything, drawn."""

from typing import TYPE_CHECKING

from bep.commands.jobs.results import Name, Output

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.console import Console


def report(name: Name, output: Output = None) -> None:
    """Draw a job as one HTML page and print where it is.

    Throughput over time, how long mini-batches took, when each worker was busy, what failed and why,
    counts, settings. The page needs no other file and no network: attach it, mail it, open it anywhere.
    Every job that ends writes it by itself; of a running or a killed job this draws how far it is.

    \b
    Examples:
      bep job report nightly
      xdg-open "$(bep job report nightly)"

    \b
    Exit codes: 0 drawn, 1 no such job, or its folder cannot be written.
    """
    from bep.app.jobs.reports import draw
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    record, page = draw(workspace_here(), name)
    path = str(page)
    if output is None:
        Console().result(path)
        return
    from bep.app.jobs.summaries import summary_of
    from bep.formatting import formatted

    Console().result(formatted({**summary_of(record), "report": path}, output))


def keep_report(console: "Console", record: "JobRecord") -> None:
    """Leave the page in the folder of a job that has ended, and say where it is."""
    from bep.app.jobs.reports import keep_report as kept

    found = kept(record)
    if isinstance(found, str):
        console.warn(found)
    elif found is not None:
        console.say(f"report: {found}")
