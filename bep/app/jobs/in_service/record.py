"""A job that a service runs, as the record of one: what the service says of it, and nothing that it does not say."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bep.runner.folder.record import JobRecord, Status
from bep.runner.reporting.text import duration_text, failure_lines
from bep.runner.request import ScoringTarget, Settings
from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.providers.cloud_jobs import CloudJob


class ServedJob(JobRecord):
    """Where it runs is `page`, its other name there is `run`. It has no folder on this machine, and nobody here counts
    its items; its settings are known to its deployment and its service."""

    page: str = ""
    run: str = ""

    @property
    def output_place(self) -> str:
        """An address; empty while the service does not say where."""
        return self.output_address


def served(job: "CloudJob", folder: Path) -> ServedJob:
    """The record of a job as its service shows it; `folder` is where this workspace keeps its orders."""
    begun, ended = job.started or job.created, job.ended
    return ServedJob(
        name=job.name,
        status=status_of(job.status),
        target=ScoringTarget(endpoint=job.endpoint, deployment=job.deployment, deployment_digest="", interpreter=()),
        settings=Settings(),
        inputs=(),
        input_text=_shown(job.input),
        folder=folder,
        output_folder=folder,
        output_text=_shown(job.output),
        output_address=_shown(job.output),
        created=job.created,
        started=job.started,
        finished=ended,
        seconds=(ended - begun).total_seconds() if ended else 0,
        page=job.page,
        run=job.run,
    )


def status_of(word: str) -> Status:
    """The service's word as one of the statuses."""
    known = {status.value.casefold(): status for status in Status}
    return known.get(word.casefold(), Status.UNKNOWN)


def _shown(address: str) -> str:
    from bep.runner.transfer.addresses import hidden

    return hidden(address)


def served_lines(record: ServedJob, say: Callable[[Step], str] | None = None) -> list[str]:
    """The last lines of a job: how it ended, where its result is, why it failed, what would help."""
    took = f" after {duration_text(record.seconds)}" if record.finished else ""
    told = [f"job {record.name} {record.status.value}{took}"]
    if record.status is Status.COMPLETED and record.output_place:
        told.append(f"output: {record.output_place}")
    if record.page:
        told.append(f"page: {record.page}")
    if record.error:
        told.extend(failure_lines(record.error))
    following = [(say(one), why) for one, why in next_of_served(record)] if say else []
    width = max((len(command) for command, _ in following), default=0)
    told.extend(f"next: {command:<{width}}  {why}" for command, why in following)
    return told


def next_of_served(record: ServedJob) -> list[tuple[Step, str]]:
    """Steps that make sense now. A service goes on with no job: it is run again."""
    if record.status is Status.COMPLETED:
        return [(step("job download", record.name), "copies its result here")]
    if record.status is Status.FAILED:
        return [(step("job logs", record.name), "all that its workers said")]
    return []
