"""What a job wants of its compute, and how its record begins, from its deployment and settings. Starts nothing."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.job_records import deployment_of, jobs_folder
from bep.app.jobs.requests.clusters import RAY, cluster_at, compute_at, compute_of, is_cluster, share_in
from bep.app.jobs.requests.locating import output_of
from bep.app.jobs.requests.settings import must_fit, settings_for
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import Chosen
    from bep.runner.folder.record import JobRecord
    from bep.runner.request import RayCluster, Settings
    from bep.schemas.job.job import JobSpec


@dataclass(frozen=True)
class Want:
    """So many instances of a compute, for a job of this name with this deployment and these settings. `cluster` is the
    Ray cluster that the compute is, if it is one."""

    name: str
    compute: str
    chosen: "Chosen"
    settings: "Settings"
    cluster: "RayCluster | None" = None


def wanted_of(opened: "Reading", job: "JobSpec", name: str) -> Want:
    """What a job wants. Raises `ProviderError` for a deployment that is not there, `SpecInvalid` for wrong settings."""
    world = scoring_of(opened)
    chosen = world.choose(job.endpoint, job.deployment)
    compute = compute_of(chosen.observed.attributes)
    there = compute_at(opened, compute)
    settings = settings_for(chosen.observed.attributes, world.bounds_of(chosen), job, share_in(there))
    must_fit(job, settings, name)
    return Want(name, compute, chosen, settings, cluster_at(opened, there) if is_cluster(there) else None)


def compute_now(opened: "Reading", record: "JobRecord") -> str:
    """The compute of the deployment that a job scores with, as it is applied now; any will do where it is gone."""
    address = deployment_of(record)
    there = opened.provider.read([address]).get(address)
    return compute_of(there.attributes if there else {})


def capacity_of(opened: "Reading", compute: str) -> int | None:
    """The instances that a compute has as it is applied now; None where it does not say, or is gone."""
    limit = compute_at(opened, compute).get("max_instances")
    return None if limit is None else int(limit)


def with_turn(opened: "Reading", record: "JobRecord") -> "JobRecord":
    """The record of a job that waits, with behind whom, and whether anybody is there who starts it then."""
    from bep.app.access.servers import running_server
    from bep.app.queue.line import turn_of
    from bep.app.queue.queue import Queue
    from bep.app.queue.queued_job import QueuedJob

    tickets = Queue(opened.home).tickets()
    mine = next((one for one in tickets if one.job == record.name), None)
    if mine is None or not isinstance(record, QueuedJob):
        return record
    turn = turn_of(tickets, mine, capacity_of(opened, mine.compute))
    waits = "it is its turn" if turn.is_now else str(turn)
    is_unattended = mine.is_order and not mine.host and running_server(opened) is None
    if is_unattended:
        waits += ", and no server runs here that would start it"
    return record.model_copy(update={"waits": waits, "is_unattended": is_unattended})


def record_text(opened: "Reading", job: "JobSpec", want: Want, created: datetime) -> str:
    """The record of a job that waits, as the queue keeps it. Raises as `output_of`."""
    from bep.app.queue.queued_job import QueuedJob, text_of
    from bep.runner.folder.record import Status
    from bep.runner.request import ScoringTarget
    from bep.runner.transfer.addresses import hidden

    name, settings, folder = want.name, want.settings, jobs_folder(opened.home) / want.name
    place = output_of(opened, job, name)
    output = place if isinstance(place, Path) else folder / "outputs"
    return text_of(
        QueuedJob(
            name=name,
            status=Status.QUEUED,
            target=ScoringTarget(
                endpoint=want.chosen.endpoint,
                deployment=want.chosen.deployment,
                deployment_digest=want.chosen.digest,
                model=want.chosen.observed.attributes["model"],
                interpreter=(),
                environment_variables=dict.fromkeys(job.environment_variables, ""),
            ),
            settings=settings,
            overrides=dict(job.settings),
            inputs=tuple(map(hidden, job.inputs)),
            input_type=job.input_type,
            partition_format=job.partition_format,
            input_text=", ".join(map(hidden, job.inputs)),
            folder=folder,
            output_folder=output,
            output_text=hidden(job.output_path or "") or f"azureml/{name}/score in workspaceblobstore",
            output_address="" if isinstance(place, Path) else hidden(place),
            output_file=output / settings.output_file_name if settings.output_action == "append_row" else None,
            created=created,
            workspace=opened.root,
            given_variables=tuple(sorted(job.environment_variables)),
            engine=RAY if want.cluster else "embedded",
            cluster=want.cluster,
        )
    )
