"""`bep job`: the jobs of this workspace."""

from typing import Annotated

import typer

from bep.commands.options import Json
from bep.formatting import Format

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A job's name, or the beginning of it that no other shares.")]
Query = Annotated[str, typer.Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def job() -> None:
    """Look at jobs and go on with them.

    \b
    Examples:
      bep job list
      bep job show batchjob-20261122-211530-1a2b3c --query status -o tsv
      bep job stream batchjob-20261122-211530-1a2b3c
      bep job resume batchjob-20261122-211530-1a2b3c
    """


@app.command("list")
def list_jobs(
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Query = "",
) -> None:
    """List every job, oldest first."""
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.jobs import records, row_of
    from bep.wiring.opening import here

    rows = queried([row_of(record) for record in records(here().home)], query)
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
    from bep.wiring.jobs import record_named
    from bep.wiring.opening import here

    record = record_named(here().home, name)
    Console().result(formatted(queried(record.model_dump(mode="json"), query), output))


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
    finish(console, ended, json_output=json_output)
