"""How the commands on one job end: lines for a person, or the job as a value. Decides nothing about the job."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.formatting import Format

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.console import Console

Name = Annotated[str, Argument(help="A job's name, or the beginning of it that no other shares.")]
Output = Annotated[Format | None, Option("--output", "-o", help="The job as a value instead of as lines.")]


def show_job(console: "Console", record: "JobRecord", output: Format | None) -> None:
    """Status, counts and outputs of a job, on stdout."""
    if output is None:
        from bep.app.jobs.records import lines
        from bep.command_words import command_of

        console.result("\n".join(lines(record, command_of)))
        return
    from bep.app.jobs.summaries import summary_of
    from bep.formatting import formatted

    console.result(formatted(summary_of(record), output))
