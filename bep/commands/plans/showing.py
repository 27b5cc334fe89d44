"""A plan in the form a command was asked for, and as a file. Decides nothing about it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.planner.plan import Plan


def written(plan: "Plan", *, json_output: bool, markdown: bool, colour: bool) -> str:
    """The plan as text for a terminal, Markdown for a pull request, or JSON for a machine."""
    if json_output:
        from bep.planner.planfile import encode

        return encode(plan)
    if markdown:
        from bep.planner.render_markdown import render as render_markdown

        return render_markdown(plan)
    from bep.planner.render_text import render

    return render(plan, colour=colour)


def write_plan_file(plan: "Plan", path: Path) -> None:
    """Keep a plan. It appears whole or not at all."""
    from bep.planner.planfile import encode
    from bep.providers.durable import write_durably

    write_durably(path, encode(plan).encode())
