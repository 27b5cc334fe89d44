"""Jobs that are over, removed: what goes with each, and which an age, a number or a status chooses. Prints nothing."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.app.jobs.service import Removal
from bep.schemas.findings.did_you_mean import listed
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord


def removals(records: "Sequence[JobRecord]", root: Path, *, keep_output: bool = False) -> list[Removal]:
    """What would go with these jobs of the workspace at `root`. Raises `Refused` with all that are not over."""
    alive = [record.name for record in records if not (record.status.is_final or record.is_prepared)]
    if alive:
        what = "is not over" if len(alive) == 1 else "are not over"
        cancel = step("job cancel", alive[0])
        raise Refused(f"{listed(alive)} {what}; nothing was removed\n    fix: {cancel}, or wait", next=(cancel,))
    return [_removal(record, root, keep_output=keep_output) for record in records]


def _removal(record: "JobRecord", root: Path, *, keep_output: bool) -> Removal:
    own = _own_output(record, root)
    stays = "" if own and not keep_output else record.output_place if _has_output(record) else ""
    if record.is_in_share:
        stays = f"{record.share.rstrip('/')}/{record.name}"
    output = None if keep_output else own
    places = [record.folder, *([output] if output else [])]
    return Removal(record, sum(size for place in places for size in _sizes(place)), output, stays)


def _has_output(record: "JobRecord") -> bool:
    return bool(record.output_address) or (record.output_file or record.output_folder).exists()


def _own_output(record: "JobRecord", root: Path) -> Path | None:
    """The folder that bep made for the output of this job alone; None where the user chose one, or it lies elsewhere.

    A link on the way leads elsewhere, too.
    """
    folder = record.output_folder
    is_default = not record.output_address and folder.parts[-3:] == ("azureml", record.name, "score")
    is_chosen = not record.output_text.endswith(" in workspaceblobstore")
    if not is_default or is_chosen or not folder.is_dir():
        return None
    return folder if folder.resolve() == root.resolve() / os.path.relpath(folder, root) else None


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a job has many files
            except OSError:
                continue


def remove(removal: Removal, home: Path) -> None:
    """Remove it, from the queue, too, and what it has in the share of its cluster. Raises `JobBusy` where somebody goes
    on with it, `JobInvalid` where it is gone, `OSError`; `Refused` where it is removed and its share could not be."""
    from bep.app.queue.place import file_of
    from bep.app.queue.queue import Queue
    from bep.runner.folder.folder import JobFolder, wait_for_parts
    from bep.runner.folder.record import read
    from bep.runner.folder.removing import remove as remove_folder
    from bep.runner.folder.removing import sweep
    from bep.runner.outputs import assembling

    folder = JobFolder(removal.record.folder)
    sweep(folder.path.parent)
    if not folder.path.exists() and file_of(home).exists():
        Queue(home).remove(removal.record.name)  # it never began
        return
    read(folder)  # a lock is made for jobs only
    with folder.held():
        record = read(folder)
        wait_for_parts(folder.parts, _ORPHANS)
        if record.output_file:
            assembling.forget(assembling.partial(record.output_file, record.name))
        left = _left_in_share(record)
        remove_folder(folder, removal.output)
    Queue(home).remove(removal.record.name)
    if left:
        raise Refused(left)


def _left_in_share(record: "JobRecord") -> str:
    """What of a job stays in the share of its cluster, and why; nothing where all of that is removed.

    A cluster that is gone for good does not keep a job here for ever.
    """
    if record.cluster is None:
        return ""
    from bep.app.jobs.on_clusters import end_drivers, free_share
    from bep.runner.errors import JobBusy, JobInvalid

    try:
        end_drivers(record)
        free_share(record)
    except JobBusy:
        raise
    except JobInvalid as why:
        place = f"{record.cluster.share.rstrip('/')}/{record.name}"
        return f"{record.name} is removed, and what it left in {place} stays there: {why}"
    return ""


_ORPHANS = 10.0  # seconds that the kernel gets to end the workers of a runner that was killed


def prunable(
    records: "Sequence[JobRecord]", before: datetime | None, keep: int, statuses: frozenset[str]
) -> "list[JobRecord]":
    """The jobs that are over, ended before a moment and are of these statuses, but the newest `keep`; oldest first.

    `records` are oldest first; no moment, and no status, is any.
    """
    over = [record for record in records if record.status.is_final]
    of_status = [record for record in over if not statuses or record.status.value in statuses]
    old = of_status[: len(of_status) - keep] if keep else of_status
    return [record for record in old if before is None or (record.finished or record.created) < before]
