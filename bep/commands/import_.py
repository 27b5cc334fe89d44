"""`bep import`: look after what exists already."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json, VariableFiles, Variables, must_be_a_file, source_of
from bep.exit_codes import ExitCode, Stop

app = Commands()


@app.command("import")
def import_(
    addresses: Annotated[list[str] | None, Argument(metavar="ADDRESS", help="Objects that exist, by address.")] = None,
    every: Annotated[bool, Option("--all", help="All that exists and is not in the state.")] = False,
    kind: Annotated[
        list[str] | None, Option("--kind", metavar="KIND", help="With --all: of this kind; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None,
        Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the YAML of what no spec declares: a new file, or a folder.",
        ),
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

    With --all, what no spec declares is taken over only where its YAML is asked for with -o. A folder
    gets a file for each name, and bep.yml is told to list them; --all into a folder means endpoints,
    deployments and what they refer to, and everything else by --kind. What a spec cannot say as it is
    there is left out, with a warning. Files that are there are never overwritten, and asking again
    finishes what was interrupted.

    \b
    Examples:
      bep import endpoint/mybatchedp
      bep import deployment/mybatchedp/blue model/mnist/1 -o imported.yml
      bep import --all                          after a loss: what the specs declare and the world has
      bep import --all -o imported.yml          and what no spec declares, with its YAML
      bep import --all -o azure                 endpoints and what they need, into the folder azure
      bep import --all --kind data -o azure     and every version of every data asset

    \b
    Exit codes: 0 taken over, 1 it is in the state already, 3 a finding stands against it,
    4 someone else applies, 5 there is no such object.
    """
    from bep.app.workspace.opening import here
    from bep.commands.plans.importing import take_over, take_over_all

    must_be_a_file(out, "bep import")
    if every == bool(addresses) or (kind and not every):
        raise Stop(ExitCode.ERROR, "name the objects, or say --all, perhaps with --kind; not both")
    opened = here(source_of(None, var, var_file))
    if every:
        take_over_all(opened, kind or (), out, json_output=json_output)
    else:
        take_over(opened, addresses or (), out, json_output=json_output)
