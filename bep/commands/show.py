"""`bep show`: what is there, or what a plan file says."""

from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.formatting import Format

app = Commands()


@app.command()
def show(
    address: Annotated[
        str, Argument(metavar="[ADDRESS|PLAN]", help="One resource, or a plan file. Without it: everything.")
    ] = "",
    output: Annotated[
        Format | None, Option("--output", "-o", help="How to write it; table for many, yaml for one.")
    ] = None,
    query: Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")] = "",
    markdown: Annotated[bool, Option("--markdown", help="A plan file as a pull-request comment.")] = False,
    html: Annotated[bool, Option("--html", help="A plan file as a page for a browser.")] = False,
    concise: Annotated[bool, Option("--concise", help="A plan file without details.")] = False,
) -> None:
    """Show what is there, one resource, or a kept plan.

    Without an argument: everything bep looks after, and whether the world still agrees.

    \b
    Examples:
      bep show
      bep show deployment/mybatchedp/blue
      bep show blue --query attributes.settings.mini_batch_size -o tsv
      bep show -o json --query "[?status!='in step'].address"
      bep show endpoint/mybatchedp --query traffic
      bep show plan.json
      bep show plan.json --html > plan.html
      bep show plan.json --query "changes[].[action, address]" -o tsv
    """
    import json
    from pathlib import Path

    from bep.app.workspace.showing import detail, overview
    from bep.commands.plans.showing import written
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    if address and Path(address).is_file():
        from bep.app.plans.applying import read_plan_file
        from bep.app.plans.showing import without_clear_secrets

        plan, has_clear = without_clear_secrets(read_plan_file(Path(address)))
        if has_clear:
            console.say(f"{address}: this plan has secrets in clear, which are not shown; delete it: rm {address}")
        if (output is None and not query) or markdown or html:
            console.result(written(plan, console, markdown=markdown, html=html, concise=concise))
        elif output is Format.JSON and not query:
            console.result(written(plan, console, json_output=True))
        else:
            from bep.app.plans.showing import as_json

            console.result(formatted(queried(json.loads(as_json(plan)), query), output or Format.YAML))
        return
    opened = here_to_read(console)
    if address:
        console.result(formatted(queried(detail(opened, address), query), output or Format.YAML))
        return
    rows = queried(overview(opened), query)
    if rows or output not in (None, Format.TABLE):
        console.result(formatted(rows, output or Format.TABLE))
    else:
        console.say("Nothing has been applied yet.")
