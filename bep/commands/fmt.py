"""`bep fmt`: specs laid out in one way. Knows no YAML."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.specs.arranging import Arrangement

app = Commands()


@app.command()
def fmt(
    files: Annotated[
        list[str] | None,
        Argument(
            metavar="[FILE]...", help="Files of specs, or - for standard input. Without any: all of the workspace."
        ),
    ] = None,
    check: Annotated[bool, Option("--check", help="Write nothing; fail if a file would be another.")] = False,
    diff: Annotated[bool, Option("--diff", help="Write nothing; show what would change.")] = False,
    json_output: Json = False,
) -> None:
    """Lay specs out in one way: keys in the order of the schema, comments kept.

    Comments stay with the keys below them; quotes, indents and widths stay as they are. Blanks at the ends
    of lines go. What a file says does not change, which is compared before it is written.

    \b
    Examples:
      bep fmt
      bep fmt endpoint.yml
      bep fmt --check               in a pipeline
      bep fmt --diff
      bep fmt - < endpoint.yml      the text, on standard output

    \b
    Exit codes: 0 done, or nothing to do; 3 with --check, a file would be another.
    """
    import sys

    from bep.app.specs.arranging import arrange, arrangement, arrangements
    from bep.app.workspace.opening import Source, here
    from bep.console import Console

    console, paths = Console(), files or []
    if paths == ["-"]:
        given = here(Source(paths=("-",), standard_input=sys.stdin.buffer.read()))
        one = arrangement(given, "-", named=True)
        sys.stdout.write(one.after if one else "")
        return
    opened = here()
    found = arrangements(opened, paths)
    if diff:
        for one in found:
            console.result(_difference(one).rstrip("\n"))
    elif json_output:
        console.result_json({"files": [one.path for one in found]})
    else:
        for one in found:
            console.result(one.path)
    if check and found:
        raise Stop(ExitCode.FINDINGS)
    if not (check or diff):
        arrange(opened, found)


def _difference(one: "Arrangement") -> str:
    from difflib import unified_diff

    lines = one.before.splitlines(keepends=True), one.after.splitlines(keepends=True)
    return "".join(unified_diff(*lines, one.path, one.path))
