"""`bep validate`: is what I wrote right?"""

from enum import StrEnum
from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import NoCommands, Specs, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

app = Commands()


class FindingsAs(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@app.command()
def validate(
    specs: Specs = None,
    output: Annotated[
        FindingsAs, Option("--output", "-o", help="text, json, sarif, or annotations for a GitHub workflow.")
    ] = FindingsAs.TEXT,
    json_output: Annotated[bool, Option("--json", help="The same as -o json.")] = False,
    no_commands: NoCommands = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Check the specs and say all that is wrong, at once.

    Each finding has its file, line and column, what was found, and how to mend it. Files that are
    named are checked together with the rest of their workspace, and a job as `bep run` reads it; - is
    one from a pipe.

    \b
    Examples:
      bep validate
      bep validate endpoint.yml job.yml
      bep validate - < endpoint.yml
      bep validate -o github        annotations on the lines of a pull request
      bep validate -o sarif > bep.sarif

    \b
    Exit codes: 0 right (warnings may be shown), 3 errors found.
    """
    import sys
    from pathlib import Path

    from bep.app.specs.validating import check_specs
    from bep.app.workspace.write_access import read_only
    from bep.command_words import number_of
    from bep.commands.showing_findings import show_findings
    from bep.console import Console
    from bep.lazy_dataclasses import replace
    from bep.schemas.findings.finding import errors
    from bep.schemas.specs.documents.choosing import STANDARD_INPUT

    console, source = Console(), replace(source_of(specs, var, var_file), no_commands=no_commands)
    if STANDARD_INPUT in source.paths:
        source = replace(source, standard_input=sys.stdin.buffer.read())
    checked = check_specs(source, Path.cwd())
    chosen = FindingsAs.JSON if json_output else output
    show_findings(console, checked.findings, checked.sources, str(chosen))
    if errors(checked.findings):
        raise Stop(ExitCode.FINDINGS)
    if chosen is FindingsAs.TEXT:
        for opened in checked.workspaces:
            for line in read_only(opened):
                console.say(line)
        warnings = f", {number_of(len(checked.findings), 'warning')}" if checked.findings else ""
        jobs = "The job is valid" if checked.jobs == 1 else f"{checked.jobs} jobs are valid"
        if checked.resources or not checked.jobs:
            console.result(f"The specs are valid: {number_of(checked.resources, 'resource')}{warnings}.")
        if checked.jobs:
            console.result(f"{jobs}{'' if checked.resources else warnings}.")
