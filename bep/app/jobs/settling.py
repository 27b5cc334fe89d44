"""The unfinished jobs of what a plan changes or deletes: waited for, or cancelled, before anything is done."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Plan
    from bep.runner.folder.record import JobRecord

_LOOK = 0.5  # seconds between two looks at the jobs


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
    from bep.app.jobs.here import cancelled

    told: set[str] = set()
    while under_way := unfinished(opened, plan):
        for record in under_way:
            if record.name not in told:
                waits(record)
                told.add(record.name)
            if cancel:
                ended(cancelled(record.folder, at_once=False))
        if not cancel:
            time.sleep(_LOOK)


def unfinished(opened: "Reading", plan: "Plan") -> "list[JobRecord]":
    """The jobs under way whose deployment is changed or deleted, or refers to what is."""
    from bep.app.job_records import deployment_of, records
    from bep.planner.plan import Action

    touched = {change.address for change in plan.changes if change.action in (Action.DELETE, Action.UPDATE)}
    found = []
    for record in records(opened.home) if touched else ():
        owner = deployment_of(record)
        entry = opened.state.entries.get(owner)
        if not record.status.is_final and touched & {owner, *(entry.references if entry else ())}:
            found.append(record)
    return found
