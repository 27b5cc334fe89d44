"""`bep stage`: the stages of a workspace."""

from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.formatting import Format

app = Commands(
    no_args_is_help=True,
    help="Work with the stages of this workspace: staging, production.",
)


@app.command("list")
def list_stages(
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
) -> None:
    """List the stages, which one is chosen, and what each looks after.

    A stage has its own state, its own local world and jobs, and its own values of the variables.
    Choose one with `bep --stage NAME`, BEP_STAGE, or default_stage in bep.yml.

    \b
    Examples:
      bep stage list
      bep --stage staging plan
      BEP_STAGE=production bep apply plan.json
      bep stage list -o tsv --query "[?chosen].name"
    """
    from bep.app.workspace.opening import workspace_here
    from bep.app.workspace.stages import stages
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    rows = stages(workspace_here())
    if not rows and output is Format.TABLE:
        console.say("This workspace has no stages: bep.yml declares none.")
    else:
        console.result(formatted(queried(rows, query), output))


@app.callback()
def group() -> None:
    """Keeps `list` a command of its own."""
