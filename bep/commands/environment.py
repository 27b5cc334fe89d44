"""`bep environment`: the environments of a workspace."""

from typing import Annotated

import typer

from bep.formatting import Format

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Work with the environments of this workspace: staging, production.",
)


@app.command("list")
def list_environments(
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.TABLE,
    query: Annotated[str, typer.Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
) -> None:
    """List the environments, which one is chosen, and what each looks after.

    An environment has its own state, its own local world and jobs, and its own values of the variables.
    Choose one with `bep --environment NAME`, BEP_ENVIRONMENT, or default_environment in bep.yml.

    \b
    Examples:
      bep environment list
      bep --environment staging plan
      BEP_ENVIRONMENT=production bep apply plan.json
      bep environment list -o tsv --query "[?chosen].name"
    """
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.listing_environments import environments
    from bep.wiring.opening import here

    console = Console()
    rows = environments(here())
    if not rows and output is Format.TABLE:
        console.say("This workspace has no environments: bep.yml declares none.")
    else:
        console.result(formatted(queried(rows, query), output))


@app.callback()
def group() -> None:
    """Keeps `list` a command of its own."""
