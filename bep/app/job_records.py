"""The jobs of a workspace, as the faces and the planner need them. Reads records; runs nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.errors import NotFound, Refused
from bep.schemas.address import Address, address_of
from bep.schemas.findings.did_you_mean import did_you_mean, listed, nearest
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.planner.options import RunningJob
    from bep.planner.state import State
    from bep.runner.folder.record import JobRecord


LIST = step("job list")


def jobs_folder(home: Path) -> Path:
    """Where jobs are kept, one folder each."""
    return home / "jobs"


def records(home: Path) -> "list[JobRecord]":
    """Every job's record, oldest first, those that wait in line among them. A folder without a readable record is
    passed over, and what was removed. Raises `Refused` for a queue that cannot be read."""
    if not _has_queue(home):
        return sorted(_of_folders(home), key=lambda record: (record.created, record.name))
    from bep.app.queue.records import merged, queued

    return merged(queued(home), _of_folders(home), jobs_folder(home))


def _has_queue(home: Path) -> bool:
    """Whether a job has ever been in line here. Its room is asked only then: most commands have no use for it."""
    return (home / "queue").is_dir()


def _of_folders(home: Path) -> "list[JobRecord]":
    folder = jobs_folder(home)
    if not folder.is_dir():
        return []
    from bep.runner.errors import JobInvalid

    found = []
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        try:
            found.append(_of_folder(path))
        except JobInvalid:
            continue
    return found


_OVER: "dict[Path, tuple[tuple[int, int, int], JobRecord]]" = {}
"""Records of jobs that are over, as this process has read them, each with what tells its file from a later one. They
are values that nobody changes, and a server would read thousands of them again for every page."""
_MOST_KEPT: Final = 20_000


def _of_folder(path: Path) -> "JobRecord":
    """The record of a job, read again only where its file is another. Raises `JobInvalid`."""
    from bep.runner.folder.record import load

    try:
        about = (path / "job.json").stat()
    except OSError:
        return load(path)  # which says what is wrong
    seen = (about.st_ino, about.st_size, about.st_mtime_ns)
    kept = _OVER.get(path)
    if kept is not None and kept[0] == seen:
        return kept[1]
    record = load(path)
    if record.status.is_final and record.status != "NotResponding":  # of that one the file says something else
        if len(_OVER) >= _MOST_KEPT:
            _OVER.clear()
        _OVER[path] = seen, record
    return record


def deployment_of(record: "JobRecord") -> Address:
    """The deployment that a job scores with."""
    return address_of("deployment", record.target.endpoint, record.target.deployment)


def running_jobs(jobs: "Iterable[JobRecord]") -> "Mapping[Address, tuple[RunningJob, ...]]":
    """By deployment, the jobs that are not over."""
    from bep.planner.options import RunningJob

    found: dict[Address, tuple[RunningJob, ...]] = {}
    for record in jobs:
        if not record.status.is_final:
            job = RunningJob(record.name, str(record.status))
            found[deployment_of(record)] = (*found.get(deployment_of(record), ()), job)
    return found


def needed_by_jobs(jobs: "Iterable[JobRecord]", state: "State") -> dict[Address, str]:
    """What the jobs that are not over were begun with, each with the reason in words: the registered versions that
    their deployment refers to, their model and their data assets."""
    needed: dict[Address, str] = {}
    for record in jobs:
        if record.status.is_final:
            continue
        entry = state.entries.get(deployment_of(record))
        inputs = (address for text in record.input_text.split(", ") if (address := _data_asset(text)))
        for address in (Address(record.target.model), *inputs, *(entry.references if entry else ())):
            needed.setdefault(address, f"job {record.name}, which is not over, uses it")
    return needed


def _data_asset(text: str) -> Address | None:
    """The address of a data asset in the words of a job, or None for any other input."""
    word, _, rest = text.partition(":")
    name, _, version = rest.rpartition(":")
    return address_of("data", name, version) if word == "azureml" and name and not rest.startswith("//") else None


def scored_deployments(jobs: "Iterable[JobRecord]") -> frozenset[Address]:
    """The deployments that have scored something. Nobody here counts the items of a service's jobs: one of them that is
    complete has scored some."""
    return frozenset(deployment_of(record) for record in jobs if record.counts.scored or _is_complete(record))


def _is_complete(record: "JobRecord") -> bool:
    return record.status == "Completed" and not record.counts.items


def failed_deployments(jobs: "Iterable[JobRecord]") -> dict[Address, str]:
    """The deployments whose last job that is over failed, each with that job's name; `jobs` are oldest first."""
    last = {deployment_of(record): record for record in jobs if record.status.is_final}
    return {address: record.name for address, record in last.items() if record.status == "Failed"}


def record_named(home: Path, name: str) -> "JobRecord":
    """The job of this name, or the only one whose name begins so. Raises `DomainError` with the nearest."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Refused(f"{name!r} is not a job's name, which is never a path. {LIST} shows them.", next=(LIST,))
    if (known := record_of(home, name)) is not None:
        return known
    every = {record.name: record for record in records(home)}
    found = [known for known in every if known.startswith(name)]
    if len(found) == 1:
        return every[found[0]]
    if found:
        raise Refused(f"{name!r} could be {listed(found)}: say which")
    near = did_you_mean(name, every) or f"{LIST} shows what there is."
    raise NotFound(f"there is no job {name!r} here. {near}", nearest=nearest(name, every), next=(LIST,))


def must_have_begun(record: "JobRecord") -> "JobRecord":
    """The record of a job that has a folder. Raises `Refused` for one that is in line, or ended there."""
    if record.folder.exists():
        return record
    if record.status.is_final:
        raise Refused(f"{record.name} is {record.status}, and never began: run it anew")
    follow = step("job stream", record.name)
    raise Refused(f"{record.name} is {record.status}, and has not begun; {follow} waits for it", next=(follow,))


def must_not_be_in_share(record: "JobRecord") -> "JobRecord":
    """The record of a job that this machine runs. Raises `Refused` for one that other machines score."""
    if not record.is_in_share:
        return record
    if record.is_prepared:
        show, merge = step("job show", record.name), step("job merge", record.name, share=record.share)
        raise Refused(
            f"{record.name} is prepared in {record.share} for other machines to score: nothing of it runs here\n"
            f"    fix: end or start its shards where they run; {show} says how far they are, "
            f"and {merge} takes in what they have scored",
            next=(show, merge),
        )
    prepare = step("run", prepare=True, share=record.share, name=record.name)
    raise Refused(
        f"{record.name} is not prepared in {record.share} yet: that was cut short, or goes on\n"
        f"    fix: the same once more goes on: {prepare}",
        next=(prepare,),
    )


def must_be_free_for_share(home: Path, name: str) -> None:
    """Raise `Refused` where a job of this name is one that no share has, or that is merged already."""
    found = record_of(home, name)
    if found is not None and not found.is_in_share:
        delete = step("job delete", name)
        raise Refused(
            f"there is a job {name} already, which is {found.status}\n"
            f"    fix: choose another name, or remove that one: {delete}",
            next=(delete,),
        )


def record_of(home: Path, name: str) -> "JobRecord | None":
    """The job of this very name."""
    from bep.runner.folder.record import load

    if not _has_queue(home):
        return load(jobs_folder(home) / name) if (jobs_folder(home) / name / "job.json").is_file() else None
    from bep.app.queue.records import merged, queued

    entries = queued(home, name)
    is_begun = (jobs_folder(home) / name / "job.json").is_file()
    folders = [load(jobs_folder(home) / name)] if is_begun else []
    return next(iter(merged(entries, folders, jobs_folder(home))), None)


def begun(home: Path, name: str) -> "JobRecord | None":
    """The record of a job that has begun, or waits in line; None for one that could be refused the next moment: its
    inputs are not listed yet."""
    from bep.runner.errors import JobInvalid
    from bep.runner.folder.folder import JobFolder
    from bep.runner.folder.record import read

    try:
        record = read(JobFolder(jobs_folder(home) / name))
    except JobInvalid:
        return _waiting(home, name)
    return record if record.manifest_digest or record.status.is_final else None


def _waiting(home: Path, name: str) -> "JobRecord | None":
    if not _has_queue(home):
        return None
    found = record_of(home, name)
    return found if found is not None and found.status == "Queued" else None
