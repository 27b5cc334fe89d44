"""`bep graph`: what needs what."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json, VariableFiles, Variables, source_of

app = Commands()


class Language(StrEnum):
    """The language of a drawing."""

    DOT = "dot"
    MERMAID = "mermaid"


@app.command()
def graph(
    plan: Annotated[
        Path | None,
        Argument(metavar="PLAN", help="A kept plan: its changes. Without it: the specs' resources."),
    ] = None,
    language: Annotated[
        Language, Option("--format", "-f", help="dot for Graphviz, mermaid for Markdown.")
    ] = Language.DOT,
    json_output: Json = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Draw the resources of the specs, or the changes of a kept plan. An arrow points at what is needed first.

    \b
    Examples:
      bep graph | dot -Tsvg > graph.svg
      bep graph --format mermaid >> README.md
      bep graph plan.json
    """
    from bep.app.plans.applying import read_plan_file
    from bep.app.plans.showing import drawn, nodes_of
    from bep.app.workspace.specs import specs_of
    from bep.commands.reading import here_to_read
    from bep.console import Console

    console = Console()
    if plan is not None:
        nodes = nodes_of(read_plan_file(plan))
    else:
        nodes = nodes_of(specs_of(here_to_read(console, source_of(None, var, var_file))).resources)
    if json_output:
        rows = [{"id": node.id, "action": node.action, "needs": node.needs} for node in nodes]
        console.result_json(rows)
    else:
        console.result(drawn(nodes, language))
