"""What the options say of unfinished jobs that a plan touches, and the lines while they end. Knows no job's folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.jobs.records import JobRecord
    from bep.app.workspace.opening import Opened
    from bep.console import Console
    from bep.planner.plan import Plan

Jobs = Literal["", "drain", "cancel"]
"""What is to happen to the jobs; nothing where it is empty."""


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
    from bep.app.jobs.settling import settle

    def waits(record: "JobRecord") -> None:
        console.say(f"  job {record.name}: {'cancelling' if jobs == 'cancel' else 'waiting for it to end'} ...")

    def ended(record: "JobRecord") -> None:
        from bep.app.jobs.summaries import page_of

        counted = f", {record.counts.scored} of {record.counts.items} files scored" if page_of(record) is None else ""
        console.say(f"  job {record.name}: {record.status}{counted}")

    if jobs:
        settle(opened, plan, cancel=jobs == "cancel", waits=waits, ended=ended)
