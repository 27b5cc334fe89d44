"""`bep job compare`: two jobs of one endpoint on the same inputs."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Option
from bep.formatting import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bep.app.jobs.comparing.comparison import Compared, Side


def compare(
    first: Annotated[str, Argument(help="A job's name, or the beginning of it that no other shares.")],
    second: Annotated[str, Argument(help="Another job of the same endpoint, on the same inputs.")],
    rows: Annotated[int, Option("--rows", "-n", min=0, metavar="N", help="Differences to show; all are counted.")] = 20,
    output: Annotated[Format | None, Option("--output", "-o", help="As a value instead of as lines.")] = None,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
    detailed_exitcode: Annotated[bool, Option("--detailed-exitcode", help="Exit with 2 where a row differs.")] = False,
) -> None:
    """Set two jobs of one endpoint side by side: which rows differ.

    Both must have completed, on the same inputs and in the same format. Rows stand beside each other by the
    item of the input that they are of, also where an item failed in one of the jobs.

    \b
    Examples:
      bep job compare nightly-blue nightly-green
      bep job compare nightly-blue nightly-green --query different -o tsv
      bep job compare nightly-blue nightly-green --rows 0 --detailed-exitcode    in a pipeline

    \b
    Exit codes: 0 compared, 1 no such jobs, or two that cannot be compared, 2 a row differs and
    --detailed-exitcode is given, 4 an output is not as it was written.
    """
    from bep.app.jobs.comparing.comparison import compared
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.exit_codes import ExitCode, Stop
    from bep.formatting import formatted, queried

    console = Console()
    found = compared(here_to_read(console), first, second, most=rows)
    if output is None and not query:
        console.result("\n".join(_lines(found)))
    else:
        console.result(formatted(queried(found.as_json(), query), output or Format.YAML))
    if detailed_exitcode and not found.is_same:
        raise Stop(ExitCode.CHANGES)


def _lines(found: "Compared") -> "Iterator[str]":
    yield f"{_side(found.first)}, and {_side(found.second)}"
    yield f"{found.same:,} rows are the same, {found.different:,} differ"
    for side, count in ((found.first, found.only_first), (found.second, found.only_second)):
        if count:
            yield f"{count:,} only {side.name} has"
    if not found.is_exact:
        yield "some calls returned more or fewer rows than items: theirs stand in the order in which they came"
    yield from _pairs(found)
    left = found.different + found.only_first + found.only_second - len(found.pairs)
    if left and found.pairs:
        yield f"and {left:,} more"


def _pairs(found: "Compared") -> "Iterator[str]":
    """The rows that differ, one below the other."""
    from bep.schemas.escaping import in_one_line

    if found.pairs and found.columns:
        yield f"cells: {in_one_line(', '.join(found.columns))}"
    for pair in found.pairs:
        yield f"item {pair.number:,}  {in_one_line(pair.name)}"
        for mark, cells in (("-", pair.first), ("+", pair.second)):
            if cells is not None:
                yield f"  {mark} {in_one_line(' | '.join(cells))}"


def _side(side: "Side") -> str:
    failed = f", {side.failed:,} items failed" if side.failed else ""
    return f"{side.name} ({side.deployment}): {side.rows:,} rows{failed}"
