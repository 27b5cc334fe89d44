"""`bep import`: look after what exists already."""

from pathlib import Path
from typing import Annotated

import typer

from bep.commands.options import Json, VariableFiles, Variables, source_of

app = typer.Typer(rich_markup_mode=None)


@app.command("import")
def import_(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Objects that exist, by address.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the YAML of what no spec declares to a new file."),
    ] = None,
    json_output: Json = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Look after objects that exist already.

    Takes them into the state, and writes the YAML of those that no spec declares.

    No object is changed. Where a spec asks for something else than what is there, the next plan
    shows that as a change. What no spec declares is protected (prevent_destroy) until one does, so
    that no plan deletes what was only just taken over. Secrets cannot be read back: the YAML has
    ${{ env.NAME }} in their place. To import with the specs of a team, see `imports:` in bep.yml.

    \b
    Examples:
      bep import endpoint/mybatchedp
      bep import deployment/mybatchedp/blue model/mnist/1 -o imported.yml

    \b
    Exit codes: 0 taken over, 1 it is in the state already, 3 a finding stands against it,
    4 someone else applies, 5 there is no such object.
    """
    from bep.commands.importing import take_over
    from bep.wiring.opening import here

    take_over(here(source_of(None, var, var_file)), addresses, out, json_output=json_output)
