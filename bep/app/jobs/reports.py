"""The page that draws a job: asked for, or left in the folder of one that has ended. Prints nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.runner.folder.record import JobRecord


def draw(opened: "Specs", name: str) -> "tuple[JobRecord, Path]":
    """Draw a job as it is now; its record, and where the page is. Raises `NotFound`, `JobInvalid`, `OSError`."""
    from bep.runner.jobs.drawing import write

    record = _drawable(opened, name)
    return record, write(record.folder)


def drawn_report(opened: "Specs", name: str) -> bytes:
    """The page of a job as it is now, written nowhere. Raises as `draw`."""
    from bep.runner.jobs.drawing import drawn

    return drawn(_drawable(opened, name).folder)


def _drawable(opened: "Specs", name: str) -> "JobRecord":
    """The record of a job that has a folder here. Raises as `draw`."""
    from bep.app.errors import Unavailable
    from bep.app.job_records import must_have_begun, record_named
    from bep.providers.worlds import SERVING

    if opened.glanced.provider in SERVING:
        raise Unavailable(opened.glanced.provider, "runs its jobs in a service, which has a page for each of them")
    return must_have_begun(record_named(opened.home, name))


def keep_report(record: "JobRecord") -> Path | str | None:
    """Leave the page in the folder of a job that has ended: where it is, or why it could not be drawn. None for a job
    that a service runs: that has a page of its own.

    A drawing that fails is no reason for the job to fail.
    """
    from bep.app.jobs.summaries import page_of
    from bep.runner.errors import JobInvalid
    from bep.runner.jobs.drawing import write

    if page_of(record) is not None:
        return None
    try:
        return write(record.folder)
    except (JobInvalid, OSError) as problem:
        return f"the job's report could not be drawn: {problem}"
    except Exception as problem:
        return f"the job's report could not be drawn by a bug in bep: {type(problem).__name__}: {problem}"
