"""`bep job`: the jobs of this workspace."""

from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.jobs.cancelling import cancel
from bep.commands.jobs.comparing import compare
from bep.commands.jobs.continuing import resume, retry
from bep.commands.jobs.downloading import download
from bep.commands.jobs.logs import logs
from bep.commands.jobs.merge import Share, merge
from bep.commands.jobs.removing import delete, prune
from bep.commands.jobs.reports import report
from bep.commands.jobs.results import Name, Wish, glance_of, row_of
from bep.formatting import Format

app = Commands(no_args_is_help=True)

Query = Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def job() -> None:
    """Look at jobs, stop them, go on with them, remove them.

    \b
    Examples:
      bep job list --status failed --since 1d
      bep job show batchjob-20261122-211530-1a2b3c --query status -o tsv
      bep job stream nightly                follow it until it is over
      bep job logs nightly --error          exceptions of the script
      bep job cancel nightly
      bep job resume nightly                go on after a kill, a cancel or a failure
      bep job retry nightly                 score only the failed items again
      bep job merge nightly                 put together what many machines have scored
      bep job download nightly --path results
      bep job compare nightly-blue nightly-green
      bep job prune --older 30d
    """


@app.command("list")
def list_jobs(
    status: Annotated[
        list[str] | None, Option("--status", "-s", metavar="STATUS", help="Of this status; may be repeated.")
    ] = None,
    endpoint: Annotated[str | None, Option("--endpoint", "-e", metavar="NAME", help="Of this endpoint.")] = None,
    deployment: Annotated[
        str | None, Option("--deployment", "-d", metavar="NAME", help="Of deployments of this name.")
    ] = None,
    since: Annotated[
        str | None,
        Option("--since", metavar="WHEN", help="Begun since: 90m, 12h, 2d, 1w, or a date or time (UTC)."),
    ] = None,
    limit: Annotated[int | None, Option("--limit", "-n", min=1, metavar="N", help="The newest N only.")] = None,
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Query = "",
) -> None:
    """List jobs, newest first.

    A table shows the counts; JSON and YAML, and any --query, have times, outputs and errors, too. Of a job
    that runs or was killed, the counts are those of this moment.

    A status is NotStarted, Starting, Preparing, Queued, Running, Finalizing, CancelRequested, Completed,
    Failed, Canceled, or NotResponding: its process is gone. Upper or lower case. A service has Provisioning,
    Paused and Unknown, too. A job that is Queued waits in line for instances of its compute; `bep job show` says
    behind whom.

    Where a service runs the jobs, it is asked for all of its endpoints' jobs, whoever started them, and nobody
    counts their items.

    \b
    Examples:
      bep job list
      bep job list --status failed --status notresponding --since 1d     what went wrong last night
      bep job list --endpoint mybatchedp --deployment blue --limit 5
      bep job list -o json --query '[?counts.failed > `0`].name'
      bep job list --limit 1 --query "[0].outputs.score.file" -o tsv     the newest job's output
    """
    from datetime import UTC, datetime

    from bep.app.jobs.filters import JobFilter, moment_of, statuses_named
    from bep.app.jobs.records import Status
    from bep.app.jobs.service import jobs_of
    from bep.app.jobs.summaries import page_of, summary_of
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    moment = moment_of(since, datetime.now(UTC)) if since else None
    wanted = JobFilter(statuses_named(status or ()), endpoint, deployment, moment, limit)
    console = Console()
    jobs = jobs_of(here_to_read(console))
    found = jobs.chosen(wanted)
    in_full = query or output in (Format.JSON, Format.YAML)
    rows = queried([summary_of(record) if in_full else row_of(record) for record in found], query)
    from bep.command_words import program

    if rows or output is not Format.TABLE:
        console.result(formatted(rows, output))
        for record in found if output is Format.TABLE and not query else ():
            if record.status is Status.NOT_RESPONDING and page_of(record) is None:
                console.say(f"{record.name}: its process is gone; {program()} job resume {record.name} goes on with it")
    elif every := jobs.chosen():
        console.say(f"None of the {len(every)} jobs here is one of those: {program()} job list")
    else:
        console.say(f"No job has run here yet: {program()} run job.yml")


@app.command()
def show(
    name: Name,
    output: Annotated[Format | None, Option("--output", "-o", help="All of its record, so written.")] = None,
    query: Query = "",
    web: Annotated[bool, Option("--web", help="Open its page in a browser, and print the link.")] = False,
    share: Share = None,
) -> None:
    """Show one job: status, deployment, input, counts, output, and why it failed if it did.

    With -o, its whole record: times, settings, warnings, failures, folders. With --web, its page: that of
    its service, or of the server that `bep serve` has started for this workspace.

    A job whose process is gone is shown as NotResponding; `bep job resume` goes on with it.

    Of a job that was prepared for many machines, how far each shard is: its items, where it is scored, when its
    machine gave its last sign, and what nobody works on, with the command that scores it. Its record knows the
    share where it was prepared; elsewhere give --share.

    \b
    Examples:
      bep job show nightly
      bep job show nightly --share s3://bucket/jobs
      bep job show nightly --query "shards.shards[?state=='failed'].shard"
      bep job show nightly -o yaml
      bep job show nightly --query status -o tsv
      bep job show nightly -o json --query "{failed: counts.failed, file: outputs.score.file}"
      bep job show nightly --web
    """
    from bep.app.jobs.records import next_of
    from bep.app.jobs.service import jobs_of
    from bep.app.jobs.summaries import outputs_of, whole_of
    from bep.command_words import command_of
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    opened = here_to_read(console)
    if share is not None:
        from bep.commands.jobs.shards import show_shared

        return show_shared(console, opened, name, share, Wish(output, query))
    record = jobs_of(opened).get(name)
    if record.share and not web:
        from bep.commands.jobs.shards import show_if_unmerged

        if show_if_unmerged(console, opened, record, Wish(output, query)):
            return None
    if web:
        from bep.commands.jobs.pages import show_page

        return show_page(console, opened, record)
    if output is None and not query:
        from datetime import UTC, datetime

        console.result("\n".join(glance_of(record, datetime.now(UTC))))
    else:
        shown = {**whole_of(record), "outputs": outputs_of(record)}
        console.result(formatted(queried(shown, query), output or Format.YAML))
    if not query:
        for step, why in next_of(record):
            console.say(f"next: {command_of(step)}  ({why})")


@app.command()
def stream(name: Name) -> None:
    """Follow a job's log until the job is over, then say how it ended.

    Ctrl-C ends the following, not the job.

    \b
    Examples:
      bep job stream nightly

    \b
    Exit codes: those of `bep run`: 0 completed, 1 failed, 130 cancelled.
    """
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.streaming import stream as follow
    from bep.console import Console

    follow(Console(), workspace_here(), name)


for command in (cancel, resume, retry, merge, download, logs, report, compare, delete, prune):
    app.command()(command)
