"""`bep job delete` and `bep job prune`: jobs that are over, and what bep keeps of them. Decides nothing about a job."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.commands.jobs.results import Output
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bep.app.jobs.service import Jobs, Removal
    from bep.console import Console
    from bep.formatting import Format

Approve = Annotated[bool, Option("--auto-approve", "--yes", "-y", help="Do not ask before removing anything.")]
KeepOutput = Annotated[bool, Option("--keep-output", help="Leave every output where it is.")]
DryRun = Annotated[bool, Option("--dry-run", help="Only say what would be removed.")]


def delete(
    names: Annotated[list[str], Argument(metavar="NAME...", help="Jobs by name, or by a beginning no other shares.")],
    keep_output: KeepOutput = False,
    dry_run: DryRun = False,
    auto_approve: Approve = False,
    output: Output = None,
) -> None:
    """Remove jobs that are over: record, logs, report, and the output that bep made a place for.

    An output in a folder or a store that you chose stays where it is. A job that runs is refused: cancel it
    first. Killed at any moment, each job is there as it was, or gone.

    \b
    Examples:
      bep job delete nightly
      bep job delete nightly weekly --auto-approve
      bep job delete nightly --keep-output      its predictions stay
      bep job delete nightly --dry-run

    \b
    Exit codes: 0 removed, 1 no such job, one that is not over, or the answer was not yes.
    """
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    jobs, found = jobs_of(workspace_here()), {}
    for name in names:
        record = jobs.get(name)
        found[record.name] = record
    removals = jobs.removable(list(found.values()), keep_output=keep_output)
    _remove(Console(), jobs, removals, dry_run=dry_run, auto_approve=auto_approve, output=output)


def prune(
    older: Annotated[
        str | None, Option("--older", metavar="30d", help="Those that ended so long ago: 12h, 30d, 8w, or a date.")
    ] = None,
    keep: Annotated[int, Option("--keep", min=0, metavar="N", help="Not the newest N of them.")] = 0,
    status: Annotated[
        list[str] | None, Option("--status", "-s", metavar="STATUS", help="Of this status; may be repeated.")
    ] = None,
    keep_output: KeepOutput = False,
    dry_run: DryRun = False,
    auto_approve: Approve = False,
    output: Output = None,
) -> None:
    """Remove jobs by age, number or status, after asking. At least one of them must be said.

    What goes with a job is what `bep job delete` says. Jobs that are not over stay.

    \b
    Examples:
      bep job prune --older 30d
      bep job prune --older 30d --keep 10          but the newest ten stay, however old
      bep job prune --status failed --status canceled
      bep job prune --keep 100 --auto-approve      for a nightly script

    \b
    Exit codes: 0 removed, or there was nothing to remove; 1 the answer was not yes.
    """
    from datetime import UTC, datetime

    from bep.app.jobs.filters import moment_of, statuses_named
    from bep.app.jobs.removing import prunable
    from bep.app.jobs.service import jobs_of
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    if not (older or keep or status):
        raise Stop(ExitCode.ERROR, "say which jobs: --older 30d, --keep N, --status STATUS, or several of them")
    before = moment_of(older, datetime.now(UTC), about="older") if older else None
    statuses = statuses_named(status or ())
    jobs = jobs_of(workspace_here())
    removals = jobs.removable(prunable(jobs.chosen(), before, keep, statuses), keep_output=keep_output)
    _remove(Console(), jobs, removals, dry_run=dry_run, auto_approve=auto_approve, output=output)


def _remove(
    console: "Console",
    jobs: "Jobs",
    removals: "Sequence[Removal]",
    *,
    dry_run: bool,
    auto_approve: bool,
    output: "Format | None",
) -> None:
    if removals:
        console.say("\n".join(_line(one) for one in removals))
        if not dry_run and not auto_approve:
            console.confirm(f"Remove {_number(removals)}?")
    for one in removals if not dry_run else ():
        jobs.remove(one)
    if output is not None:
        from bep.formatting import formatted

        rows = [
            {
                "name": one.record.name,
                "status": str(one.record.status),
                "bytes": one.bytes,
                "output": one.output and str(one.output),
                "stays": one.stays or None,
            }
            for one in removals
        ]
        console.result(formatted(rows, output))
    elif not removals:
        console.result("Nothing to remove: no job here is one of those.")
    else:
        console.result(f"{_number(removals)} {'would be ' if dry_run else ''}removed.")


def _line(one: "Removal") -> str:
    goes = f", with its output {one.output}" if one.output else ""
    stays = f"; {one.stays} stays" if one.stays else ""
    return f"  - {one.record.name}, {one.record.status}, {one.bytes / 1e6:,.1f} MB{goes}{stays}"


def _number(removals: "Sequence[Removal]") -> str:
    return "1 job" if len(removals) == 1 else f"{len(removals)} jobs"
