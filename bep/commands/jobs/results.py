"""How the commands on one job end: lines for a person, or the job as a value. Decides nothing about the job."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.formatting import Format
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.console import Console

Name = Annotated[str, Argument(help="A job's name, or the beginning of it that no other shares.")]
Output = Annotated[Format | None, Option("--output", "-o", help="The job as a value instead of as lines.")]


@dataclass(frozen=True)
class Wish:
    """A job as a value, in a form (YAML where only a query is given), or as lines: as it was asked for."""

    output: Format | None = None
    query: str = ""

    def __bool__(self) -> bool:
        return self.output is not None or bool(self.query)

    def show(self, console: "Console", value: object) -> None:
        """Write a value, or what the query asks of it, on stdout."""
        from bep.formatting import formatted, queried

        console.result(formatted(queried(value, self.query), self.output or Format.YAML))


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


def row_of(record: "JobRecord") -> dict[str, object]:
    """A job in a line of `bep job list`."""
    counts = record.counts
    return {
        "name": record.name,
        "status": str(record.status),
        "deployment": f"{record.target.endpoint}/{record.target.deployment}",
        "items": counts.items,
        "scored": counts.scored,
        "failed": counts.failed,
        "seconds": round(record.seconds, 1),
        "created": record.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
