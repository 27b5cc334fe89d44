"""The unfinished jobs of what a plan changes or deletes: waited for, or cancelled, before anything is done."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.console import Console
    from bep.planner.plan import Plan
    from bep.runner.folder.record import JobRecord

Jobs = Literal["", "drain", "cancel"]
"""What is to happen to the jobs; nothing where it is empty."""

_LOOK = 0.5  # seconds between two looks at the jobs


def what_of_jobs(*, drain: bool, cancel_jobs: bool) -> Jobs:
    """What the options ask. Raises `Stop` where they ask for both."""
    if drain and cancel_jobs:
        raise Stop(ExitCode.ERROR, "--drain waits for the jobs and --cancel-jobs ends them: say one")
    return "drain" if drain else "cancel" if cancel_jobs else ""


def with_jobs_settled(allow: Sequence[str] | None, jobs: Jobs) -> tuple[str, ...]:
    """What a plan may be let through with: jobs that will be over do not stand against it."""
    return (*(allow or ()), "delete-with-jobs") if jobs else tuple(allow or ())


def settle_jobs(console: "Console", opened: "Opened", plan: "Plan", jobs: Jobs) -> None:
    """Return when no job that the plan would touch is under way. Ctrl-C ends bep; nothing was changed then."""
    told: set[str] = set()
    while jobs:
        under_way = unfinished(opened, plan)
        if not under_way:
            return
        for record in under_way:
            if record.name not in told:
                console.say(f"  job {record.name}: {'cancelling' if jobs == 'cancel' else 'waiting for it to end'} ...")
                told.add(record.name)
            if jobs == "cancel":
                _cancel(console, record)
        if jobs == "drain":
            time.sleep(_LOOK)


def _cancel(console: "Console", record: "JobRecord") -> None:
    from bep.commands.jobs.cancelling import cancelled

    ended = cancelled(record.folder, at_once=False)
    console.say(f"  job {ended.name}: {ended.status}, {ended.counts.scored} of {ended.counts.items} files scored")


def unfinished(opened: "Opened", plan: "Plan") -> "list[JobRecord]":
    """The jobs under way whose deployment is changed or deleted, or refers to what is."""
    from bep.app.job_records import records
    from bep.planner.plan import Action
    from bep.schemas.address import address_of

    touched = {change.address for change in plan.changes if change.action in (Action.DELETE, Action.UPDATE)}
    found = []
    for record in records(opened.home) if touched else ():
        owner = address_of("deployment", record.target.endpoint, record.target.deployment)
        entry = opened.state.entries.get(owner)
        if not record.status.is_final and touched & {owner, *(entry.references if entry else ())}:
            found.append(record)
    return found
