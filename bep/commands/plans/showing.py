"""A plan in the form a command was asked for. Decides nothing about it."""

from typing import TYPE_CHECKING

from bep.command_words import command_of, plan_said

if TYPE_CHECKING:
    from bep.console import Console
    from bep.planner.plan import Plan


def written(
    plan: "Plan",
    console: "Console",
    *,
    json_output: bool = False,
    markdown: bool = False,
    html: bool = False,
    concise: bool = False,
) -> str:
    """The plan as text for this terminal, Markdown for a pull request, a page for a browser, or JSON for a machine."""
    from bep.app.plans.showing import as_html, as_json, as_markdown, as_text

    if json_output:
        return as_json(plan)
    said, undo = plan_said(plan), undoing(plan)
    if markdown:
        return as_markdown(said, undo=undo)
    if html:
        return as_html(said, undo=undo)
    return as_text(said, colour=console.colour, width=console.result_width, concise=concise, undo=undo)


def undoing(plan: "Plan") -> str:
    """What to type to take the plan back, once it was the last to be applied."""
    if not plan.rollback:
        return ""
    from bep.schemas.next_step import step

    return f"`{command_of(step('rollback', stage=plan.stage or None))}`"
