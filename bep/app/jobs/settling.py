"""The unfinished jobs of what a plan changes or deletes: waited for, or cancelled, before anything is done."""

import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from bep.app.errors import Refused

if TYPE_CHECKING:
    from bep.app.jobs.service import Jobs
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Plan
    from bep.runner.folder.record import JobRecord
    from bep.schemas.address import Address


def settle(
    opened: "Reading",
    plan: "Plan",
    *,
    cancel: bool,
    waits: "Callable[[JobRecord], None]",
    ended: "Callable[[JobRecord], None]",
) -> None:
    """Return when no job that the plan would touch is under way: all have ended by themselves, or are cancelled.

    `waits` is told of each once, `ended` of each that was cancelled. Raises `Refused` for one that does not stop.
    """
    from bep.app.jobs.service import jobs_of

    jobs = jobs_of(opened)
    told: set[str] = set()
    while under_way := unfinished(opened, plan):
        for record in under_way:
            if record.name not in told:
                waits(record)
                told.add(record.name)
            if cancel:
                ended(_cancelled(jobs, record.name))
        if not cancel:
            time.sleep(jobs.interval)


def _cancelled(jobs: "Jobs", name: str) -> "JobRecord":
    """The job, ended; it may have ended by itself meanwhile."""
    try:
        return jobs.cancel(name)
    except Refused:
        if not (record := jobs.get(name)).status.is_final:
            raise
        return record


def unfinished(opened: "Reading", plan: "Plan") -> "list[JobRecord]":
    """The jobs under way whose deployment is changed or deleted, or refers to what is. Raises `ProviderError` where a
    service that has them does not answer."""
    from bep.app.job_records import deployment_of

    touched = _touched(plan)
    found = []
    for record in _jobs_near(opened, touched) if touched else ():
        if not record.status.is_final and touched & _with_references(opened, deployment_of(record)):
            found.append(record)
    return found


def at_stake(opened: "Reading", plan: "Plan") -> "tuple[list[JobRecord], bool]":
    """The jobs that a plan is judged with again, and whether they are known: all of this machine's; of a service's,
    which is asked for no more than that, those which are not over and whose deployment is touched."""
    return _known(opened, lambda: unfinished(opened, plan))


def judged_with(opened: "Reading", plan: "Plan") -> "tuple[list[JobRecord], bool]":
    """The jobs that a new plan is judged with, and whether they are known: all of this machine's; of a service's, those
    of the endpoints of which it touches a deployment, or moves the traffic."""
    from bep.planner.plan import Action
    from bep.schemas.address import names_of

    moved = {names_of(one.address)[0] for one in plan.changes if one.action is Action.SHIFT and one.before}
    return _known(opened, lambda: _jobs_of(opened, moved | _endpoints_near(opened, _touched(plan))))


def _known(opened: "Reading", ask: "Callable[[], list[JobRecord]]") -> "tuple[list[JobRecord], bool]":
    """This machine's jobs, or what a service answers; none, and not known, where it does not."""
    from bep.app.job_records import records
    from bep.providers.protocol import ProviderError

    if not _has_service(opened):
        return records(opened.home), opened.world.scoring is not None
    try:
        return ask(), True
    except ProviderError:
        return [], False


def _touched(plan: "Plan") -> "set[Address]":
    from bep.planner.plan import Action

    return {change.address for change in plan.changes if change.action in (Action.DELETE, Action.UPDATE)}


def _jobs_near(opened: "Reading", touched: "Collection[Address]") -> "Iterable[JobRecord]":
    """This machine's jobs; a service's of the endpoints that have a deployment which is touched."""
    from bep.app.job_records import records

    if not _has_service(opened):
        return records(opened.home)
    return _jobs_of(opened, _endpoints_near(opened, touched))


def _endpoints_near(opened: "Reading", touched: "Collection[Address]") -> set[str]:
    from bep.schemas.address import kind_of, names_of

    owners = [one for one in {*opened.state.entries, *touched} if kind_of(one) == "deployment"]
    return {names_of(one)[0] for one in owners if not _with_references(opened, one).isdisjoint(touched)}


def _jobs_of(opened: "Reading", endpoints: "Collection[str]") -> "list[JobRecord]":
    """A service's jobs of some endpoints, those of each oldest first."""
    from bep.app.jobs.filters import JobFilter
    from bep.app.jobs.service import jobs_of

    jobs = jobs_of(opened)
    found = [record for name in sorted(endpoints) for record in jobs.chosen(JobFilter(endpoint=name))]
    return sorted(found, key=lambda record: record.created)


def _with_references(opened: "Reading", owner: "Address") -> "set[Address]":
    entry = opened.state.entries.get(owner)
    return {owner, *(entry.references if entry else ())}


def _has_service(opened: "Reading") -> bool:
    from bep.providers.worlds import SERVING

    return opened.glanced.provider in SERVING and opened.world.jobs is not None
