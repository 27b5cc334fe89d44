"""How a job scores: its own settings over those of its deployment, held to what a deployment is held to. No effect."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bep.schemas.findings.finding import Finding, SpecInvalid, mistake
from bep.schemas.specs.rules import instances_trouble, store_trouble, summary_trouble

if TYPE_CHECKING:
    from bep.runner.request import Settings
    from bep.schemas.job.job import JobSpec


def settings_for(
    deployment: Mapping[str, Any], bounds: tuple[tuple[int, str], ...], job: "JobSpec", share: str = ""
) -> "Settings":
    """What a job says itself, then what the attributes of its deployment say. Raises `SpecInvalid` with all that does
    not fit. `bounds` are the most instances that it may take, each with whose field says so; `share` is that of the
    Ray cluster that it is scored on."""
    from bep.runner.request import DEFAULT_NAME, Settings, default_name
    from bep.schemas.kinds.settings import settings_of

    deployed = settings_of(deployment)
    wrong = [*_partitions(job, deployed), *_output(job, deployed)]
    trouble = store_trouble(share, str(deployment.get("compute")))
    if trouble and deployed.get("output_action") == "summary_only":
        wrong.append(mistake("summary-in-store", "job", *trouble))
    for most, whose in bounds:
        count = job.settings.get("instance_count", deployed.get("instance_count", 1))
        if too_many := instances_trouble(count, most, whose):
            wrong.append(_mistake("too-many-instances", job, "instance_count", *too_many))
    if wrong:
        raise SpecInvalid(wrong, job.sources)
    named = {**deployed, **job.settings}
    # What is registered has the default filled in: whether a deployment's specs name it or not cannot be told.
    if named.get("output_file_name", DEFAULT_NAME) == DEFAULT_NAME and "output_file_name" not in job.settings:
        named["output_file_name"] = default_name(job.output_format)
    return Settings(**{**named, "output_format": job.output_format})


def must_fit(job: "JobSpec", settings: "Settings", name: str) -> None:
    """Raise `SpecInvalid` when the names of a job and of its output make a longer one than a file can have.

    The output grows under a name that is made of both, and the job would score everything before it found out.
    """
    from bep.runner.outputs.assembling import too_long

    over = too_long(settings.output_file_name, name) if settings.output_action == "append_row" else 0
    if over:
        field = "name" if job.name else "output_file_name"
        longer = f"the name of a file that is {over} bytes too long"
        message = f"the job's name {name} and {settings.output_file_name} make {longer}"
        raise SpecInvalid([_mistake("name-too-long", job, field, message, "Shorten one of them.")], job.sources)


def _partitions(job: "JobSpec", deployed: Mapping[str, Any]) -> Iterator[Finding]:
    keys = ", ".join(deployed.get("partition_keys", ()))
    if keys and "mini_batch_size" in job.settings:
        message = f"the deployment has partition_keys {keys}, so a mini-batch is all files with the same values of them"
        yield _mistake("partition-keys", job, "mini_batch_size", message, "leave mini_batch_size out")
    if job.partition_format and not keys:
        message = "partition_format says where partition_keys are in a path, but the deployment has no partition_keys"
        fix = "leave it out, or give the deployment settings.partition_keys"
        yield _mistake("partition-keys", job, "partition_format", message, fix)


def _output(job: "JobSpec", deployed: Mapping[str, Any]) -> Iterator[Finding]:
    if "output_file_name" in job.settings and deployed.get("output_action") == "summary_only":
        yield _mistake("output-file-with-summary", job, "output_file_name", *summary_trouble())


def _mistake(code: str, job: "JobSpec", field: str, message: str, fix: str) -> Finding:
    return mistake(code, "job", message, fix, job.setting_places.get(field))
