"""A plan in the form a command was asked for. Decides nothing about it."""

from typing import TYPE_CHECKING

from bep.command_words import plan_said

if TYPE_CHECKING:
    from bep.planner.plan import Plan


def written(plan: "Plan", *, json_output: bool, markdown: bool, colour: bool) -> str:
    """The plan as text for a terminal, Markdown for a pull request, or JSON for a machine."""
    from bep.app.plans.showing import as_json, as_markdown, as_text

    if json_output:
        return as_json(plan)
    return as_markdown(plan_said(plan)) if markdown else as_text(plan_said(plan), colour=colour)
