"""`bep adopt`: let the specs follow what someone changed in the world."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json, VariableFiles, Variables, source_of
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.adopting_drift import Field
    from bep.console import Console

app = Commands()


@app.command()
def adopt(
    addresses: Annotated[
        list[str], Argument(metavar="ADDRESS[:FIELD]", help="What drifted; with a field, only that one.")
    ],
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be written.")] = False,
    json_output: Json = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Write drift back into the spec.

    What someone changed outside bep is written where the spec says otherwise, so that the next plan keeps it.

    The spec file is edited in place: the one value, and nothing else; comments and layout stay.
    Each edit is tried in memory first and written only if the specs then ask for exactly this.
    Where that is not possible, the YAML to write and its place are shown, and the exit code is 1.

    \b
    Examples:
      bep adopt deployment/mybatchedp/blue
      bep adopt deployment/mybatchedp/blue:settings.mini_batch_size
      bep adopt --dry-run traffic/mybatchedp

    \b
    Exit codes: 0 written, 1 nothing drifted, or a value has to be written by hand, 4 someone applies.
    """
    from bep.app.plans.adopting_drift import adopt as write_back
    from bep.app.workspace.opening import here
    from bep.console import Console

    console = Console()
    found = write_back(here(source_of(None, var, var_file)), addresses, console.say, dry_run=dry_run)
    if json_output:
        console.result_json([_row(one) for one in found.fields])
    else:
        _show(console, found.fields, dry_run=dry_run)
    if any(one.left for one in found.fields):
        raise Stop(ExitCode.ERROR)


def _row(one: "Field") -> dict[str, Any]:
    path, mark = [*one.path], one.mark
    return {
        "address": one.address,
        "path": path,
        "asked": one.asked,
        "there": one.there,
        "file": mark.file,
        "line": mark.line,
        "column": mark.column,
        "written": not one.left,
        "because": one.left,
    }


def _show(console: "Console", fields: "Sequence[Field]", *, dry_run: bool) -> None:
    from bep.planner.fields import dotted

    for one in fields:
        if one.left:
            console.result(f"{one.mark}: {one.address}: {dotted(one.path)}: write it yourself: {one.left}")
            console.result(_indented(one))
        else:
            verb = "would become" if dry_run else "is now"
            there = "(not written)" if one.there is None else one.there
            console.result(f"{one.mark}: {one.address}: {dotted(one.path)}: {one.asked} {verb} {there}")


def _indented(one: "Field") -> str:
    import yaml

    from bep.schemas.secrets.secret import is_sealed
    from bep.schemas.specs.writing import as_written

    if is_sealed(one.there) or one.there is None:
        return "    (its value is not known here)" if one.there is not None else "    (take it out)"
    value: Any = as_written(one.address, one.path, one.there)
    for part in reversed(one.path):
        value = {part: value}
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return "\n".join(f"    {line}" for line in text.splitlines())
