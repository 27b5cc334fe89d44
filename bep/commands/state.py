"""`bep state`: what bep last knew, for those who look after it."""

from typing import Annotated

import typer

from bep.formatting import Format

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Query = Annotated[str, typer.Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def state() -> None:
    """Look at the state: what bep last knew of each resource. `bep show` also asks the world.

    \b
    Examples:
      bep state list
      bep state list deployment/
      bep state show deployment/mybatchedp/blue
    """


@app.command("list")
def list_entries(
    prefix: Annotated[str, typer.Argument(help="Only addresses that begin so.")] = "",
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.TSV,
    query: Query = "",
) -> None:
    """List the addresses in the state, one a line."""
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.opening import here

    addresses = [address for address in sorted(here().state.entries) if address.startswith(prefix)]
    if addresses or output is not Format.TSV:
        Console().result(formatted(queried(addresses, query), output))


@app.command()
def show(
    address: Annotated[str, typer.Argument(help="An address that `bep state list` prints.")],
    output: Annotated[Format, typer.Option("--output", "-o", help="How to write it.")] = Format.YAML,
    query: Query = "",
) -> None:
    """Show one entry as it is kept, secrets as digests."""
    from bep.console import Console
    from bep.formatting import formatted, queried
    from bep.wiring.opening import here
    from bep.wiring.showing import entry_of

    entry = entry_of(here().state, address)
    Console().result(formatted(queried(entry.model_dump(mode="json", exclude_defaults=True), query), output))
