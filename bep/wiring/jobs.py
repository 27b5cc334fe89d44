"""The jobs of a workspace, as the faces and the planner need them. Reads records; runs nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bep.schemas.address import Address, address_of

if TYPE_CHECKING:
    from bep.planner.options import RunningJob
    from bep.runner.record import JobRecord


def jobs_folder(home: Path) -> Path:
    """Where jobs are kept, one folder each."""
    return home / "jobs"


def records(home: Path) -> "list[JobRecord]":
    """Every job's record, oldest first. A folder without a readable record is passed over."""
    folder = jobs_folder(home)
    if not folder.is_dir():
        return []
    from bep.runner.errors import JobInvalid
    from bep.runner.record import load

    found = []
    for path in folder.iterdir():
        try:
            found.append(load(path))
        except JobInvalid:
            continue
    return sorted(found, key=lambda record: (record.created, record.name))


def _deployment(record: "JobRecord") -> Address:
    return address_of("deployment", record.target.endpoint, record.target.deployment)


def running_jobs(home: Path) -> "Mapping[Address, tuple[RunningJob, ...]]":
    """By deployment, the jobs that are not over."""
    from bep.planner.options import RunningJob

    found: dict[Address, tuple[RunningJob, ...]] = {}
    for record in records(home):
        if not record.status.is_final:
            job = RunningJob(record.name, str(record.status))
            found[_deployment(record)] = (*found.get(_deployment(record), ()), job)
    return found


def scored_deployments(home: Path) -> frozenset[Address]:
    """The deployments that have completed at least one job."""
    return frozenset(_deployment(record) for record in records(home) if record.counts.scored)
