"""How the commands on one job end: lines for a person, or the job as a value. Decides nothing about the job."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.formatting import Format
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.jobs.records import JobError, JobRecord
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
    from bep.app.jobs.summaries import page_of

    counts, is_served = record.counts, page_of(record) is not None
    return {
        "name": record.name,
        "status": str(record.status),
        "deployment": f"{record.target.endpoint}/{record.target.deployment}",
        "items": None if is_served else counts.items,
        "scored": None if is_served else counts.scored,
        "failed": None if is_served else counts.failed,
        "seconds": None if is_served and not record.finished else round(record.seconds, 1),
        "created": record.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def glance_of(record: "JobRecord", now: datetime) -> list[str]:
    """A job in lines for a person: what it is, with what, of what, how far, where to, and why or with what logs."""
    from bep.app.jobs.records import QueuedJob, Status
    from bep.app.jobs.summaries import page_of
    from bep.commands.jobs.progress import duration
    from bep.schemas.escaping import in_one_line
    from bep.tables import aged

    counts, target = record.counts, record.target
    begun = aged(record.created.strftime("%Y-%m-%dT%H:%M:%SZ"), now)
    done = f"{counts.scored:,} of {counts.items:,} scored, {counts.failed:,} failed"
    is_there = record.output_file is not None and record.status.value == "Completed"
    error = record.error
    if (page := page_of(record)) is not None:
        took = f", {duration(record.seconds)} of work" if record.finished else ""
        facts = [
            ("job", f"{record.name}: {record.status}, begun {begun}{took}"),
            ("deployment", f"{target.endpoint}/{target.deployment}"),
            ("input", record.input_text),
            ("output", record.output_place or "where its service puts it, not there yet"),
            ("page", page),
            *_error(error),
        ]
        return [f"{name:<12}{in_one_line(text)}" for name, text in facts]
    if isinstance(record, QueuedJob):
        facts = [
            ("job", f"{record.name}: {record.status}, asked for {begun}"),
            ("deployment", f"{target.endpoint}/{target.deployment}, {target.model}"),
            ("input", record.input_text),
            ("output", f"{record.output_text}, not there yet"),
            *_cluster(record),
            *([("line", record.waits)] if record.waits else []),
            *_error(error),
        ]
        return [f"{name:<12}{in_one_line(text)}" for name, text in facts]
    worked = f"begun {begun}, {duration(record.seconds)} of work"
    moment = f"prepared {begun}" if record.share and record.status == Status.NOT_STARTED else worked
    facts = [
        ("job", f"{record.name}: {record.status}, {moment}"),
        ("deployment", f"{target.endpoint}/{target.deployment}, {target.model}"),
        ("input", record.input_text),
        ("items", f"{done}, {counts.retries:,} retried, in {counts.mini_batches:,} mini-batches"),
        ("output", record.output_place if is_there else f"{record.output_text}, not there yet"),
        *([("share", record.share)] if record.share else []),
        *_cluster(record),
        *(_error(error) or [("logs", str(record.folder / "logs"))]),
    ]
    return [f"{name:<12}{in_one_line(text)}" for name, text in facts]


def _error(error: "JobError | None") -> list[tuple[str, str]]:
    """Why it failed, and what to do."""
    if error is None:
        return []
    return [("error", f"{error.code}: {error.message}"), *([("fix", error.fix)] if error.fix else [])]


def _cluster(record: "JobRecord") -> list[tuple[str, str]]:
    """The Ray cluster that it is scored on, how many nodes of it, and the share."""
    from bep.app.jobs.summaries import cluster_of
    from bep.command_words import number_of

    if (cluster := cluster_of(record)) is None:
        return []
    where = cluster["address"] or cluster["dashboard"]
    nodes, each = number_of(cluster["nodes"], "node"), record.settings.max_concurrency_per_instance
    return [("cluster", f"Ray at {where}, {nodes} with {number_of(each, 'worker')} each, share {cluster['share']}")]
