"""A plan in the form a command was asked for, and as a file. Decides nothing about it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.planner.plan import Plan


def written(plan: "Plan", *, json_output: bool, markdown: bool, colour: bool) -> str:
    """The plan as text for a terminal, Markdown for a pull request, or JSON for a machine."""
    if json_output:
        from bep.planner.formats.planfile import encode

        return encode(plan)
    if markdown:
        from bep.planner.rendering.markdown import render as render_markdown

        return render_markdown(plan)
    from bep.planner.rendering.text import render

    return render(plan, colour=colour)


def write_plan_file(plan: "Plan", path: Path) -> None:
    """Keep a plan. It appears whole or not at all."""
    from bep.disk.durable import write_durably
    from bep.planner.formats.planfile import encode

    write_durably(path, encode(plan).encode())
