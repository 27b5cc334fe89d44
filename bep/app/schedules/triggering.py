"""A schedule triggered once, now, as `az ml schedule trigger` does. Changes nothing of when it comes next."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from bep.app.errors import NotFound, Unavailable
from bep.app.schedules.jobs import asked_for, job_for, request_of
from bep.app.schedules.starting import BY, schedules_of
from bep.schemas.findings.did_you_mean import did_you_mean, nearest
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.jobs.requests.loading import JobSource
    from bep.app.queue.dispatching import Dispatcher
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.runner.folder.record import JobRecord


def source_for(opened: "Reading", name: str, moment: datetime) -> "JobSource":
    """The job of a schedule for a moment, in the words of a job's file. Raises `NotFound`."""
    return asked_for(applied(opened, name).attributes, moment)


def ordered_now(opened: "Reading", name: str, moment: datetime) -> "JobRecord":
    """Its job in line; whoever looks after the queue starts it. Raises `NotFound`, and as `Jobs.order`."""
    from bep.app.jobs.service import Asked, jobs_of

    there = applied(opened, name).attributes
    asked = Asked(BY.format(there["name"]), request_of(there["name"], moment))
    return jobs_of(opened).order(job_for(opened, there, moment), asked)


def begun_now(opened: "Reading", name: str, moment: datetime) -> "JobRecord":
    """The same, started by this process where its turn has come; it goes on when this process ends."""
    record = ordered_now(opened, name, moment)
    _dispatcher(opened).step()
    return record


def ended_now(opened: "Reading", name: str, moment: datetime) -> "JobRecord":
    """The same when it is over. Whoever stops waiting stops nothing else."""
    from bep.app.jobs.service import jobs_of

    jobs, dispatcher = jobs_of(opened), _dispatcher(opened)
    record = ordered_now(opened, name, moment)
    while not (record.status.is_final and dispatcher.is_idle):
        dispatcher.step()
        time.sleep(jobs.interval)
        record = jobs.get(record.name)
    return record


def _dispatcher(opened: "Reading") -> "Dispatcher":
    from bep.app.jobs.in_line.wanting import capacity_of
    from bep.app.queue.dispatching import Dispatcher

    return Dispatcher(opened.root, opened.home, lambda compute: capacity_of(opened, compute))


def applied(opened: "Reading", name: str) -> "Observed":
    """A schedule as it was applied, by its name or its address. Raises `NotFound`, and `Unavailable` in a world whose
    jobs a service runs.
    """
    if opened.world.scoring is None:
        raise Unavailable(opened.world.name, "has schedules of its own, which are not looked at from here yet")
    there: Mapping[str, Observed] = schedules_of(opened)
    wanted = name.removeprefix("schedule/")
    if wanted in there:
        return there[wanted]
    listing = step("schedule list")
    near = did_you_mean(wanted, there) or ("" if there else "None has been applied.")
    message = f"there is no schedule {wanted!r} here. {near} {listing} shows them.".replace("  ", " ")
    raise NotFound(message, nearest=nearest(wanted, there), next=(listing,))
