"""A job as a value for scripts: what every `-o json` of a job command says. Pure; reads no file."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord


def summary_of(record: "JobRecord") -> dict[str, Any]:
    """Name, status, counts, times (UTC; `seconds` of work) and outputs; `error` where the job has one.

    A job that a service runs has no counts and no folder, and says which `page` shows it.
    """
    if (page := page_of(record)) is not None:
        shown = {"counts": None, "folder": None, "seconds": record.seconds if record.finished else None, "page": page}
        return {**_summary(record), **shown}
    return _summary(record)


def whole_of(record: "JobRecord") -> dict[str, Any]:
    """All that a record says; of a job that a service runs what the service says."""
    if page_of(record) is None:
        return _without_empty(record.model_dump(mode="json"))
    return {**summary_of(record), "input": record.input_text}


def _without_empty(shown: dict[str, Any]) -> dict[str, Any]:
    """The same without a cluster that there is none of."""
    return {name: value for name, value in shown.items() if name != "cluster" or value is not None}


def page_of(record: "JobRecord") -> str | None:
    """Where a service shows the job that it runs; None for one that this machine runs."""
    from bep.app.jobs.in_service.record import ServedJob

    return record.page if isinstance(record, ServedJob) else None


def _summary(record: "JobRecord") -> dict[str, Any]:
    return {
        "name": record.name,
        "status": str(record.status),
        "endpoint": record.target.endpoint,
        "deployment": record.target.deployment,
        "counts": record.counts.model_dump(),
        "created": _moment(record.created),
        "started": _moment(record.started),
        "finished": _moment(record.finished),
        "seconds": record.seconds,
        "outputs": outputs_of(record),
        "folder": str(record.folder),
        "error": record.error.model_dump(mode="json") if record.error else None,
        **({"share": record.share} if record.share else {}),
        **({"engine": record.engine, "cluster": cluster_of(record)} if record.cluster else {}),
    }


def cluster_of(record: "JobRecord") -> dict[str, Any] | None:
    """The Ray cluster that a job is scored on, and how many nodes it asks for; None for a job of this machine."""
    if (cluster := record.cluster) is None:
        return None
    where = {"address": cluster.address, "dashboard": cluster.dashboard, "share": cluster.share}
    return {**where, "nodes": record.settings.instance_count}


def outputs_of(record: "JobRecord") -> dict[str, dict[str, Any]]:
    """The one output, `score`: its folder, and its file once it is complete. A service says the place alone."""
    if page_of(record) is not None:
        return {"score": {"path": record.output_place or None, "file": None, "format": record.settings.output_format}}
    is_there = record.output_file is not None and record.status.value == "Completed"
    file = record.output_place if is_there else None
    folder = record.output_address or str(record.output_folder)
    return {"score": {"path": folder, "file": file, "format": record.settings.output_format}}


def output_uri_of(record: "JobRecord") -> str:
    """The folder of a job's output as specs name one in a datastore, else as the job was told it: a path of the
    workspace, or an address, its secrets hidden. Empty where its service does not say."""
    from bep.app.jobs.requests.locating import default_output

    default = default_output(record.name)
    return default if record.output_text.endswith(" in workspaceblobstore") else record.output_text


def _moment(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
