"""`bep schedule`: jobs that are started at set times."""

from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.jobs.results import Output
from bep.commands.options import Query
from bep.formatting import Format

app = Commands(no_args_is_help=True, help="Look at schedules, and start the job of one now.")


@app.command("list")
def list_schedules(
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
) -> None:
    """List the schedules that were applied: when each comes next, and its last job.

    Jobs are started by `bep serve`, while it runs. Times are UTC.

    \b
    Examples:
      bep schedule list
      bep schedule list -o json --query "[?error].name"      whose last time has no job
    """
    from datetime import UTC, datetime

    from bep.app.schedules.listing import listed
    from bep.command_words import program
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    found = listed(here_to_read(console), datetime.now(UTC))
    in_full = query or output in (Format.JSON, Format.YAML)
    rows = queried([one.as_json() if in_full else _row(one.as_json()) for one in found], query)
    if rows or output is not Format.TABLE:
        console.result(formatted(rows, output))
        for one in found if output is Format.TABLE and not query else ():
            if one.error:
                console.say(f"{one.name}: {one.error}")
    else:
        console.say(f"No schedule has been applied here: write one of kind schedule, and {program()} apply")


def _row(shown: dict[str, object]) -> dict[str, object]:
    following = str(shown["next"] or "").replace("T", " ").removesuffix("Z")
    return {
        "name": shown["name"],
        "trigger": shown["trigger"],
        "next": following if shown["is_enabled"] else "disabled",
        "last_job": shown["last_job"] or "",
        "status": shown["last_status"] or "",
    }


@app.command()
def run(
    name: Annotated[str, Argument(metavar="NAME", help="Of which schedule.")],
    no_wait: Annotated[
        bool, Option("--no-wait", help="Put the job in line and return, its name on stdout; it goes on by itself.")
    ] = False,
    json_output: Annotated[bool, Option("--json", help="Events, an object a line, while it runs.")] = False,
    output: Output = None,
    query: Query = "",
) -> None:
    """Start the job of a schedule now, whether it is enabled or not.

    It is the job as it was applied, for this moment. When the schedule comes next does not change.

    \b
    Examples:
      bep schedule run nightly
      name=$(bep schedule run nightly --no-wait); bep job stream "$name"

    \b
    Exit codes: as bep run.
    """
    from datetime import UTC, datetime

    from bep.app.schedules.triggering import begun_now, source_for
    from bep.app.workspace.opening import workspace_here
    from bep.commands.jobs.results import Wish
    from bep.commands.jobs.running import carry_out
    from bep.console import Console
    from bep.exit_codes import ExitCode, Stop

    if no_wait and json_output:
        raise Stop(ExitCode.ERROR, "--json is what happens while a job runs, and --no-wait does not wait: -o json")
    opened, wish, moment = workspace_here(), Wish(output, query), datetime.now(UTC)
    if not no_wait:
        return carry_out(opened, source_for(opened, name, moment), json_output=json_output, wish=wish)
    record, console = begun_now(opened, name, moment), Console()
    if not wish:
        return console.result(record.name)
    from bep.app.jobs.summaries import summary_of

    wish.show(console, summary_of(record))
