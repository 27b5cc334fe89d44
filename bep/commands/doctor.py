"""`bep doctor`: what may be in the way on this machine, with this workspace, for whoever signs in."""

from typing import TYPE_CHECKING, Annotated, Any

from bep.command_line.declaring import Commands, Option
from bep.formatting import Format

if TYPE_CHECKING:
    from bep.app.upkeep.doctor import Check

app = Commands()


@app.command()
def doctor(
    output: Annotated[
        Format | None, Option("--output", "-o", help="How to write it; without it, as text for a person.")
    ] = None,
    json_output: Annotated[bool, Option("--json", help="The same as -o json.")] = False,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
) -> None:
    """Look at everything that may be in the way: machine, workspace, state, whoever signs in.

    Each check is a line: ok, warning, problem, or skipped with the reason, and how it is mended. All
    are made, whatever else is broken; without a bep.yml, those of this machine alone. It says which
    Pythons are asked for and found, whether folders can be written and have room, whether the state
    can be read and who holds its lock; on Azure, who has signed in, what is there, and which rights
    are missing. It shows no secret and changes nothing; in a state's container it writes an empty
    blob and takes it away.

    \b
    Examples:
      bep doctor
      bep --stage production doctor
      bep doctor -o table
      bep doctor --json --query "[?verdict=='problem'].[name, fix]"

    \b
    Exit codes: 0 no problem (warnings may be shown), 3 problems found.
    """
    from bep.app.upkeep.doctor import checks, is_well
    from bep.app.workspace.opening import here
    from bep.console import Console
    from bep.exit_codes import ExitCode, Stop
    from bep.formatting import formatted, queried

    console = Console()
    found = checks(here())
    chosen = Format.JSON if json_output else output or (Format.YAML if query else None)
    if chosen is None:
        console.result("\n".join(_line(one, colour=console.colour) for one in found))
    else:
        rows = [{**_row(one), "next": [step.as_json() for step in one.next]} for one in found]
        if chosen in (Format.TABLE, Format.TSV) and not query:
            rows = [_row(one) for one in found]
        console.result(formatted(queried(rows, query), chosen))
    if not is_well(found):
        raise Stop(ExitCode.FINDINGS)


def _row(one: "Check") -> dict[str, Any]:
    from bep.command_words import spoken

    found, fix = (spoken(text, one.next) for text in (one.found, one.fix))
    return {"name": one.name, "verdict": str(one.verdict), "found": found, "fix": fix}


def _line(one: "Check", *, colour: bool) -> str:
    """A check for a person: its verdict ahead, what is to be done below it."""
    from bep.console import RED, RESET, YELLOW

    row = _row(one)
    mark = {"problem": RED, "warning": YELLOW}.get(row["verdict"], "") if colour else ""
    found = row["found"].replace("\n", "\n          ")
    line = f"{mark}{row['verdict']:<8}{RESET if mark else ''}  {row['name']}: {found}"
    return f"{line}\n    fix: {row['fix']}" if row["fix"] else line
