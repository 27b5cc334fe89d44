"""`bep job`: the jobs of this workspace."""

from typing import Annotated

import typer

from bep.commands.cancelling_jobs import cancel
from bep.commands.downloading_jobs import download
from bep.commands.job_logs import logs
from bep.commands.job_reports import report
from bep.commands.job_results import Name
from bep.commands.options import Json
from bep.formatting import Format

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Query = Annotated[str, typer.Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def job() -> None:
    """Look at jobs, stop them, go on with them, fetch what they made.

    \b
    Examples:
      bep job list
      bep job show batchjob-20261122-211530-1a2b3c --query status -o tsv
      bep job stream nightly                follow it until it is over
      bep job logs nightly --error          exceptions of the script
      bep job cancel nightly
      bep job resume nightly                go on after a kill, a cancel or a failure
      bep job download nightly --path results
    """


@app.command("list")
def list_jobs(
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Query = "",
) -> None:
    """List every job, oldest first."""
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.job_summaries import summary_of
    from bep.wiring.jobs import records, row_of
    from bep.wiring.opening import here

    in_full = query or output in (Format.JSON, Format.YAML)
    rows = queried([summary_of(record) if in_full else row_of(record) for record in records(here().home)], query)
    if rows or output is not Format.TABLE:
        Console().result(formatted(rows, output))
    else:
        Console().say("No job has run here yet: bep run job.yml")


@app.command()
def show(
    name: Name,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.YAML,
    query: Query = "",
) -> None:
    """Show one job: status, counts, times, outputs, settings, and why it failed if it did."""
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.job_summaries import outputs_of
    from bep.wiring.jobs import record_named
    from bep.wiring.opening import here

    record = record_named(here().home, name)
    shown = {**record.model_dump(mode="json"), "outputs": outputs_of(record)}
    Console().result(formatted(queried(shown, query), output))


@app.command()
def stream(name: Name) -> None:
    """Follow a job's log until the job is over."""
    from bep.commands.streaming_jobs import stream as follow
    from bep.console import Console
    from bep.wiring.opening import here

    follow(Console(), here().home, name)


@app.command()
def resume(name: Name, json_output: Json = False) -> None:
    """Go on with a job that was killed, cancelled or failed. What is scored stays scored."""
    from bep.commands.job_reports import keep_report
    from bep.commands.running_jobs import JobTeller, finish
    from bep.console import Console
    from bep.runner.running import resume as go_on
    from bep.wiring.applying import two_step_interrupt
    from bep.wiring.jobs import record_named
    from bep.wiring.opening import here
    from bep.wiring.scoring import variables_of

    console = Console()
    opened = here()
    record = record_named(opened.home, name)
    with two_step_interrupt("cancelling the job; what is scored is kept") as cancel:
        ended = go_on(
            record.folder,
            environment_variables=variables_of(opened, record),
            environment=None,
            report=JobTeller(console, json_output).tell,
            cancel=cancel,
        )
    keep_report(console, ended)
    finish(console, ended, json_output=json_output)


for command in (cancel, download, logs, report):
    app.command()(command)
