"""`bep validate`: is what I wrote right?"""

from enum import StrEnum
from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import Specs, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

app = Commands()


class FindingsAs(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@app.command()
def validate(
    specs: Specs = None,
    output: Annotated[
        FindingsAs, Option("--output", "-o", help="text; json; or annotations for a GitHub workflow.")
    ] = FindingsAs.TEXT,
    json_output: Annotated[bool, Option("--json", help="The same as -o json.")] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Check the specs and say all that is wrong, at once.

    Each finding has its file, line and column, what was found, and how to mend it.

    \b
    Examples:
      bep validate
      bep validate endpoint.yml
      bep validate -o github        annotations on the lines of a pull request

    \b
    Exit codes: 0 right (warnings may be shown), 3 errors found.
    """
    from bep.app.workspace.opening import here
    from bep.app.workspace.write_access import read_only
    from bep.commands.showing_findings import show_findings
    from bep.console import Console
    from bep.schemas.findings.finding import errors

    console, opened = Console(), here(source_of(specs, var, var_file))
    loaded = opened.loaded
    chosen = FindingsAs.JSON if json_output else output
    show_findings(console, loaded.findings, loaded.sources, str(chosen))
    if errors(loaded.findings):
        raise Stop(ExitCode.FINDINGS)
    if chosen is FindingsAs.TEXT:
        for line in read_only(opened):
            console.say(line)
        warnings = f", {len(loaded.findings)} warnings" if loaded.findings else ""
        console.result(f"The specs are valid: {len(loaded.resources)} resources{warnings}.")
