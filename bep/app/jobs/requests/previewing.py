"""A job as it would run, without running any of it: what is scored with what, and where each setting comes from."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bep.app.jobs.requests.beforehand import name_taken, output_taken
from bep.app.jobs.requests.clusters import cluster_at, compute_at, compute_of, is_cluster, share_in
from bep.app.jobs.requests.locating import glimpses_of, inputs_of, output_of
from bep.app.jobs.requests.settings import must_fit, settings_for
from bep.app.workspace.clock import job_name
from bep.app.workspace.faces import environments_of, scoring_of

if TYPE_CHECKING:
    from bep.app.jobs.in_service.ordering import Wanted
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import Chosen
    from bep.runner.request import RayCluster, Settings
    from bep.schemas.job.job import JobSpec

FLAG, FILE, DEPLOYMENT, DEFAULT = "flag", "job file", "deployment", "default"
"""Where a setting comes from, in the order of precedence."""


def preview(opened: "Reading", job: "JobSpec", changes: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved job as a JSON value. Nothing is built, fetched, run or written.

    `remote_inputs` is how many inputs would be fetched first: they are listed in their stores, and a web address that
    is of no such store counts as one file that nobody has asked for. `mini_batches` is None where their keys are not
    known before. `problems` say what would stop the job before its first mini-batch. Raises `ProviderError` and
    `InputsInvalid` as the job would.
    """
    from bep.runner.transfer.addresses import hidden
    from bep.schemas.kinds.settings import settings_of

    scoring = scoring_of(opened)
    chosen = scoring.choose(job.endpoint, job.deployment)
    deployed = settings_of(chosen.observed.attributes)
    compute = compute_of(chosen.observed.attributes)
    there = compute_at(opened, compute)
    settings = settings_for(chosen.observed.attributes, scoring.bounds_of(chosen), job, share_in(there))
    must_fit(job, settings, job.name or job_name())
    size = 1 if chosen.is_mlflow else settings.mini_batch_size
    counted = [_count(place, job.input_type) for place in glimpses_of(opened, job)]
    items, remote = sum(files for files, _ in counted), sum(is_remote for _, is_remote in counted)
    by_keys = settings.partition_keys
    idle = "mini_batch_size" if by_keys else "partition_keys"
    mini_batches = (None if remote else _partitions(opened, job, by_keys)) if by_keys else -(-items // size)
    return {
        "name": job.name,
        "endpoint": chosen.endpoint,
        "deployment": chosen.deployment,
        "chosen_by": "name" if job.deployment else "traffic",
        "deployment_digest": chosen.digest,
        "model": chosen.observed.attributes["model"],
        "scoring_script": chosen.observed.attributes.get("code_configuration", {}).get("scoring_script"),
        "environment": _environment(opened, chosen, is_elsewhere=is_cluster(there)),
        **({"cluster": _cluster(cluster_at(opened, there), compute, settings)} if is_cluster(there) else {}),
        "inputs": [hidden(text) for text in job.inputs],
        "remote_inputs": remote,
        "items": items,
        "mini_batches": mini_batches,
        "items_per_call": None if by_keys else size,
        "workers": settings.workers,
        "output": _output(opened, job, settings),
        "settings": _with_origins(settings, deployed, job, changes, {idle}),
        "environment_variables": _variables(chosen, job),
        "problems": list(_problems(opened, job, settings, items)),
        "next": [step.as_json() for step in name_taken(opened, job.name)[1]],
    }


def _environment(opened: "Reading", chosen: "Chosen", *, is_elsewhere: bool) -> dict[str, Any]:
    """What the scripts would run in: here, or on each node of a cluster, which builds it itself."""
    from bep.app.environments import outlook_value

    found = environments_of(opened).outlook(chosen)
    if not is_elsewhere:
        return outlook_value(found)
    return {
        "state": "nodes",
        "label": found.label,
        "requirements": list(found.requirements),
        "notes": list(found.notes),
    }


def _cluster(cluster: "RayCluster", compute: str, settings: "Settings") -> dict[str, Any]:
    """The cluster that a job would be scored on, and how many nodes it asks for."""
    return {
        "compute": compute,
        "address": cluster.address,
        "dashboard": cluster.dashboard,
        "share": cluster.share,
        "nodes": settings.instance_count,
        "workers_per_node": settings.max_concurrency_per_instance,
    }


def served_preview(
    job: "JobSpec",
    changes: Mapping[str, Any],
    wanted: "Wanted",
    problems: Sequence[str],
    unknown: Collection[str],
) -> dict[str, Any]:
    """The same of a job that a service will run: what of this machine would be sent, and what the service is told.

    `items` are the files that would be sent, None where the input lies elsewhere. `unknown` are settings that
    mean nothing to the service.
    """
    from bep.runner.transfer.addresses import hidden
    from bep.schemas.kinds.settings import settings_of

    routed, settings = wanted.routed, wanted.settings
    attributes = routed.attributes
    items = len(wanted.content.files) if wanted.content is not None else None
    is_mlflow = not attributes.get("code_configuration")
    folder = job.output_path or f"azureml/{job.name or 'NAME'}/score, or as the service calls it"
    appends = settings.output_action == "append_row"
    return {
        "name": job.name,
        "endpoint": routed.endpoint,
        "deployment": routed.deployment,
        "chosen_by": "name" if job.deployment else "traffic",
        "deployment_digest": None,
        "model": attributes.get("model"),
        "scoring_script": attributes.get("code_configuration", {}).get("scoring_script"),
        "environment": {"state": "served", "label": attributes.get("environment") or "the model's own"},
        "inputs": [hidden(text) for text in job.inputs],
        "input_type": wanted.input.type,
        "remote_inputs": len(job.inputs) if items is None else 0,
        "items": items,
        "mini_batches": None if items is None or is_mlflow else -(-items // settings.mini_batch_size),
        "items_per_call": settings.mini_batch_size,
        "workers": settings.workers,
        "output": {
            "folder": folder,
            "file": f"{folder.rstrip('/')}/{settings.output_file_name}" if appends and job.output_path else None,
            "format": "azureml" if appends else None,
        },
        "settings": _with_origins(settings, settings_of(attributes), job, changes, unknown),
        "environment_variables": dict.fromkeys(
            attributes.get("settings", {}).get("environment_variables", {}), DEPLOYMENT
        ),
        "problems": list(problems),
        "next": [],
    }


def _with_origins(
    settings: "Settings",
    deployed: Mapping[str, Any],
    job: "JobSpec",
    changes: Mapping[str, Any],
    without: Collection[str],
) -> dict[str, dict[str, Any]]:
    flags = {key.rpartition(".")[2] for key in changes}
    written = {*job.settings, *(["output_format"] if job.output_format != "azureml" else [])}

    def origin(name: str) -> str:
        if name in flags:
            return FLAG
        return FILE if name in written else DEPLOYMENT if name in deployed else DEFAULT

    shown = settings.model_dump(mode="json", exclude=set(without))
    return {name: {"value": value, "from": origin(name)} for name, value in shown.items()}


def _variables(chosen: "Chosen", job: "JobSpec") -> dict[str, str]:
    """Names of environment variables and who sets them; their values may be secrets."""
    deployed = chosen.observed.attributes.get("settings", {}).get("environment_variables", {})
    return {**dict.fromkeys(deployed, DEPLOYMENT), **dict.fromkeys(job.environment_variables, "job")}


def _partitions(opened: "Reading", job: "JobSpec", keys: Sequence[str]) -> int:
    """How many mini-batches the keys make of files that are here."""
    from bep.runner.inputs import expanding
    from bep.runner.inputs.partitions import grouped

    found = inputs_of(opened, job, Path("/"))
    stored = [os.fsencode(f"/{name}/{file}") for name, files in found.stored.items() for file in files]
    here = [place for place in found.places if Path(place).parts[1:2] not in [(name,) for name in found.stored]]
    names = chain(expanding.expand(here, Path(os.devnull)), stored)
    return len(grouped(names, keys, job.partition_format).files)


def _count(place: int | str, kind: str) -> tuple[int, bool]:
    """How many files an input is, and whether it would be fetched before the first one is scored.

    Local ones are listed as the job would list them, remote ones in their store; nothing is fetched.
    """
    from bep.runner.inputs import expanding
    from bep.runner.transfer import downloading
    from bep.runner.transfer.addresses import is_address

    if isinstance(place, int):
        return place, False
    if is_address(place) and not place.startswith("file://"):
        return downloading.count(place, kind), True
    return sum(1 for _ in expanding.expand([place], Path(os.devnull))), False


def _output(opened: "Reading", job: "JobSpec", settings: "Settings") -> dict[str, Any]:
    name = job.name or "NAME"
    folder = _hidden(output_of(opened, job, name))
    appends = settings.output_action == "append_row"
    return {
        "folder": folder,
        "file": f"{folder.rstrip('/')}/{settings.output_file_name}" if appends else None,
        "format": settings.output_format if appends else None,
    }


def _hidden(place: Path | str) -> str:
    from bep.runner.transfer.addresses import hidden

    return hidden(str(place))


def _problems(opened: "Reading", job: "JobSpec", settings: "Settings", items: int) -> Iterator[str]:
    if items == 0:
        yield "the inputs have no files"
    message, _ = name_taken(opened, job.name)
    if message:
        yield message
    if taken := output_taken(output_of(opened, job, job.name or "NAME"), settings):
        yield taken
