"""From a job that is loaded to a request the runner can carry out: names become paths, defaults become numbers."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.environments import placed
from bep.app.errors import Refused
from bep.app.job_records import jobs_folder
from bep.app.jobs.requests.beforehand import must_be_free, output_taken
from bep.app.jobs.requests.clusters import (
    RAY,
    Scored,
    cluster_at,
    compute_at,
    compute_of,
    is_cluster,
    is_written_here,
    on_cluster,
    share_in,
)
from bep.app.jobs.requests.locating import inputs_of, output_of
from bep.app.jobs.requests.settings import must_fit, settings_for
from bep.app.jobs.requests.targets import applied_variables, target_of
from bep.app.workspace.clock import job_name
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass, replace

if TYPE_CHECKING:
    from bep.app.jobs.requests.locating import Inputs
    from bep.app.workspace.contexts import Reading, Specs
    from bep.runner.request import JobRequest, Settings
    from bep.schemas.job.job import JobSpec


@dataclass(frozen=True)
class Checked:
    """A job that nothing speaks against, as far as can be seen before an environment is built for it."""

    located: "Inputs"
    settings: "Settings"
    place: Path | str
    compute: Mapping[str, Any]


def checked(opened: "Reading", job: "JobSpec", name: str) -> Checked:
    """Where its inputs lie, its settings, and where its output goes. Builds nothing; raises as `request_of`."""
    must_be_free(opened, name)
    return located_of(opened, job, name)


def located_of(opened: "Reading", job: "JobSpec", name: str) -> Checked:
    """The same, whether or not there is a job of this name."""
    from bep.runner.folder.folder import JobFolder

    located = inputs_of(opened, job, JobFolder(jobs_folder(opened.home) / name).assets)
    world = scoring_of(opened)
    chosen = world.choose(job.endpoint, job.deployment)
    compute = compute_at(opened, compute_of(chosen.observed.attributes))
    settings = settings_for(chosen.observed.attributes, world.bounds_of(chosen), job, share_in(compute))
    must_fit(job, settings, name)
    place = output_of(opened, job, name)
    if taken := output_taken(place, settings):
        raise Refused(taken)
    return Checked(located, settings, place, compute)


def request_of(
    opened: "Reading",
    job: "JobSpec",
    say: Callable[[str], None],
    *,
    name: str = "",
    created: datetime | None = None,
    is_sample: bool = False,
) -> "JobRequest":
    """Everything resolved; the environment is built here if it was not yet, and `say` hears how that goes. That of a
    job on a cluster is built there; here, too, if this is a sample, or the environment writes the output.

    `name` and `created` are those that the job has in line.

    Raises `ProviderError` for an endpoint, deployment or environment that cannot be had, `SpecInvalid` for inputs.
    """
    from bep.runner.request import JobRequest
    from bep.runner.transfer.addresses import hidden

    name = name or job.name or job_name()
    folder = jobs_folder(opened.home) / name
    found = checked(opened, job, name)
    located, place = found.located, found.place
    cluster = cluster_at(opened, found.compute) if is_cluster(found.compute) and not is_sample else None
    if cluster:
        scored = on_cluster(opened, cluster, job.endpoint, job.deployment, job)
        if is_written_here(found.settings):
            here = _here(opened, job, say).scoring.interpreter
            scored = replace(scored, scoring=replace(scored.scoring, interpreter=here))
    else:
        scored = _here(opened, job, say)
    for warning in (*scored.scoring.warnings, *of_links(opened)):
        say(f"warning: {warning}")
    return JobRequest(
        name=name,
        target=target_of(scored.scoring, scored.variables, folder),
        settings=found.settings,
        inputs=located.places,
        input_type=job.input_type,
        partition_format=job.partition_format,
        input_text=", ".join(map(hidden, job.inputs)),
        folder=folder,
        output_folder=place if isinstance(place, Path) else folder / "outputs",
        output_address="" if isinstance(place, Path) else place,
        output_text=hidden(job.output_path or "") or f"azureml/{name}/score in workspaceblobstore",
        overrides=dict(job.settings),
        environment=dict(opened.environment),
        cache=opened.downloads,
        workspace=opened.root,
        given_variables=tuple(sorted(job.environment_variables)),
        stored={**scored.scoring.stored, **located.stored},
        share=opened.share,
        created=created,
        engine=RAY if cluster else "embedded",
        cluster=scored.cluster,
        environment_files=scored.files,
    )


def _here(opened: "Reading", job: "JobSpec", say: Callable[[str], None]) -> Scored:
    """What a job of this machine scores with."""
    with placed(opened):
        scoring = scoring_of(opened).resolve(job.endpoint, job.deployment, say)
    return Scored(scoring, applied_variables(opened, scoring).over(job))


def of_links(opened: "Specs") -> Iterator[str]:
    """What to know of links, said once in a workspace."""
    told = opened.home / "told-of-links"
    if opened.share != "link" or told.exists():
        return
    told.touch()
    yield (
        "provider.local.share is link: jobs get the stored bytes themselves, not copies. A script that writes into its"
        " model, its code or a registered data asset changes them for every later job"
    )
