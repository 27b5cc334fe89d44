"""The Ray cluster that a job is scored on: what its compute says as it is applied, and what travels there.

Asks no cluster and opens no share; knows no engine.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.app.jobs.requests.in_shares import hiding, must_be_clear
from bep.app.jobs.requests.targets import Variables, applied_variables
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.disk.copying import Original
    from bep.providers.world import ScoredWith
    from bep.runner.folder.record import JobRecord
    from bep.runner.request import RayCluster, Settings
    from bep.schemas.job.job import JobSpec

RAY: Final = "ray"
"""The type of a compute that is a Ray cluster, and the engine that scores there."""
_WHERE: Final = ("address", "dashboard", "max_instances", "cpus_per_instance", "gpus_per_instance", "resources")
_PATIENCE: Final = ("node_timeout", "start_timeout")


@dataclass(frozen=True)
class Scored:
    """What a job is scored with: `variables` are those of the deployment and of the job.

    On a cluster nothing of it is built here, and its files go into the share: `files` are those that the lines of the
    environment name.
    """

    scoring: "ScoredWith"
    variables: "Variables"
    cluster: "RayCluster | None" = None
    files: "Mapping[str, Original]" = field(default_factory=dict)


def compute_of(deployment: Mapping[str, Any]) -> str:
    """The compute of a deployment, from its attributes."""
    return str(deployment.get("compute") or "compute/local")


def compute_at(opened: "Reading", compute: str) -> Mapping[str, Any]:
    """The attributes of a compute as it is applied now; none where it is gone."""
    there = opened.provider.read([Address(compute)]).get(Address(compute))
    return there.attributes if there else {}


def is_cluster(compute: Mapping[str, Any]) -> bool:
    """Whether a compute of these attributes is a Ray cluster."""
    return compute.get("type") == RAY


def share_in(compute: Mapping[str, Any]) -> str:
    """The share of a cluster as it is written; empty for another compute."""
    return str(compute["share"]) if is_cluster(compute) else ""


def share_of(opened: "Specs", compute: Mapping[str, Any]) -> str:
    """The share of a cluster: a folder's path is one of the workspace."""
    share = str(compute["share"])
    return share if "://" in share else os.path.abspath(opened.root / share)  # noqa: PTH100  # links stay


def cluster_at(opened: "Specs", compute: Mapping[str, Any]) -> "RayCluster":
    """The cluster that a compute is, but for the environment that its nodes are to build."""
    from bep.runner.request import RayCluster

    said = {name: compute[name] for name in (*_WHERE, *_PATIENCE) if name in compute}
    return RayCluster(**said, share=share_of(opened, compute))


def on_cluster(
    opened: "Reading", cluster: "RayCluster", endpoint: str, deployment: str | None, job: "JobSpec | None" = None
) -> Scored:
    """What a deployment is scored with there, by a new `job` with the variables that it is given.

    Raises `ProviderError` as `Scoring.portable`, and `Refused` for an environment that must not get into a share.
    """
    portable = scoring_of(opened).portable(endpoint, deployment)
    must_be_clear(portable.scored.environment, portable.asks)
    applied = applied_variables(opened, portable.scored)
    stored = {"model": portable.model, **({} if portable.code is None else {"code": portable.code})}
    scoring = replace(portable.scored, stored=stored)
    return Scored(
        scoring=scoring,
        cluster=cluster.model_copy(
            update={
                "world": opened.world.name if portable.asks is not None else "",
                "asks": None if portable.asks is None else dict(portable.asks),
            }
        ),
        variables=hiding(applied.over(job) if job else applied, scoring.sealed_variables),
        files=portable.files,
    )


def is_written_here(settings: "Settings") -> bool:
    """Whether the environment is needed on this machine, too: it writes the output of a job's rows, as of Parquet."""
    from bep.runner.worker.results.formats import FORMATS

    return FORMATS[settings.output_format].finish is not None


def cluster_now(opened: "Reading", record: "JobRecord", compute: str) -> "RayCluster | None":
    """Where a job goes on: the cluster as its compute says now, for a head that died has another address; the share is
    the one that it began in, where its results are. None for a job of this machine."""
    known = record.cluster
    if known is None:
        return None
    now = compute_at(opened, compute)
    if not is_cluster(now):
        return known
    kept = {name: getattr(known, name) for name in ("share", "world", "asks")}
    return cluster_at(opened, now).model_copy(update=kept)
