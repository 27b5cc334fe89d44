"""A job prepared in a share: resolved as a run resolves it, its environment left to whoever scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep import __version__
from bep.app.errors import Refused
from bep.app.job_records import jobs_folder, must_be_free_for_share
from bep.app.jobs.requests.in_shares import hiding, must_be_clear
from bep.app.jobs.requests.resolving import located_of, of_links
from bep.app.jobs.requests.targets import applied_variables, target_of
from bep.app.workspace.clock import job_name
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.jobs.requests.targets import Variables
    from bep.app.jobs.service import Watch
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import Portable
    from bep.runner.folder.record import JobRecord
    from bep.runner.request import JobRequest
    from bep.runner.shards.prepared import Prepared
    from bep.runner.shards.preparing import Preparation
    from bep.schemas.job.job import JobSpec
    from bep.schemas.next_step import Step


@dataclass(frozen=True)
class PreparedJob:
    """A job that other machines can score by now: its record here, what its share says of it, and where that is."""

    record: "JobRecord"
    prepared: "Prepared"
    address: str

    @property
    def next(self) -> "tuple[Step, Step]":
        """Scoring the first of as many shards as may be, and merging what all have scored."""
        name = self.record.name
        return step("run", shard="I/N", share=self.address, name=name), step("job merge", name, share=self.address)


def prepare(
    opened: "Reading", job: "JobSpec", share: str, watch: "Watch", *, shared: Sequence[Path] = (), base: Path
) -> PreparedJob | None:
    """Prepare a job in a share, which a path (relative to `base`) or an address names; or go on with that.

    What lies below the folders `shared` is seen by every machine at the same path, and is not uploaded. Raises
    `SpecInvalid`, `ProviderError`, `DomainError`, `JobInvalid`. None where it was cancelled.
    """
    from bep.app.upkeep.collecting import referring
    from bep.app.workspace.write_access import must_keep_jobs
    from bep.runner.errors import Cancelled
    from bep.runner.shards import preparing
    from bep.runner.shares.share import share_at

    world = scoring_of(opened)
    must_keep_jobs(opened)
    place = share_at(share, base)
    folders = tuple(_folder(base / one) for one in shared)
    name = job.name or job_name()
    must_be_free_for_share(opened.home, name)
    with referring(opened):
        portable = world.portable(job.endpoint, job.deployment)
        for warning in (*portable.scored.warnings, *of_links(opened)):
            watch.say(f"warning: {warning}")
        wanted = replace(_preparation(opened, job, name, portable), folders=folders)
        with watch.stopping("ending the preparation; what is uploaded is kept") as cancel:
            try:
                record, prepared = preparing.prepare(wanted, place, report=watch.report, cancel=cancel)
            except Cancelled:
                return None
    return PreparedJob(record, prepared, place.address)


def _folder(place: Path) -> Path:
    if not place.is_dir():
        raise Refused(f"{place}: a folder that every machine sees is to be named, and there is none here")
    return place


def _preparation(opened: "Reading", job: "JobSpec", name: str, portable: "Portable") -> "Preparation":
    from bep.runner.shards.preparing import Preparation

    scored = portable.scored
    must_be_clear(scored.environment, portable.asks)
    variables = hiding(applied_variables(opened, scored).over(job), scored.sealed_variables)
    return Preparation(
        request=_request(opened, job, name, portable, variables),
        model=portable.model,
        code=portable.code,
        files=portable.files,
        label=scored.environment,
        world=opened.world.name if portable.asks is not None else "",
        asks=portable.asks,
        bep_version=__version__,
    )


def _request(
    opened: "Reading", job: "JobSpec", name: str, portable: "Portable", variables: "Variables"
) -> "JobRequest":
    from bep.runner.request import JobRequest
    from bep.runner.transfer.addresses import hidden

    folder = jobs_folder(opened.home) / name
    found = located_of(opened, job, name)
    place = found.place
    return JobRequest(
        name=name,
        target=target_of(portable.scored, variables, folder),
        settings=found.settings,
        inputs=found.located.places,
        input_type=job.input_type,
        partition_format=job.partition_format,
        input_text=", ".join(map(hidden, job.inputs)),
        folder=folder,
        output_folder=place if isinstance(place, Path) else folder / "outputs",
        output_address="" if isinstance(place, Path) else place,
        output_text=hidden(job.output_path or "") or f"azureml/{name}/score in workspaceblobstore",
        overrides=dict(job.settings),
        cache=opened.downloads,
        workspace=opened.root,
        given_variables=tuple(sorted(job.environment_variables)),
        stored=found.located.stored,
        share=opened.share,
    )


def summary_of(done: PreparedJob) -> dict[str, object]:
    """The job as a value for scripts, with its share and what was uploaded."""
    from bep.app.jobs.summaries import summary_of as of_record

    return {**of_record(done.record), "share": done.address, "uploads": done.prepared.uploads.model_dump(mode="json")}


def as_event(done: PreparedJob) -> dict[str, object]:
    """The last event of a preparation."""
    from bep.app.jobs.summaries import whole_of

    uploads = done.prepared.uploads.model_dump(mode="json")
    return {"type": "job_prepared", "record": whole_of(done.record), "share": done.address, "uploads": uploads}
