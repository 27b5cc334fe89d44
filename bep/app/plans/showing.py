"""A plan as text, as Markdown, as a page, as JSON, and as a file. Decides nothing about it; prints nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bep.planner.facts import Risk
    from bep.planner.plan import Plan, PlanFinding
    from bep.planner.rendering.graph import Node
    from bep.schemas.next_step import Step
    from bep.schemas.resource import Resource


def as_json(plan: "Plan") -> str:
    """The plan as it is kept."""
    from bep.planner.formats.planfile import encode

    return encode(plan)


def as_markdown(plan: "Plan", *, undo: str = "") -> str:
    """For a pull request. `undo` is what to type to take the plan back."""
    from bep.planner.rendering.markdown import render

    return render(plan, undo=undo)


def as_html(plan: "Plan", *, undo: str = "") -> str:
    """A page that needs nothing else. `undo` is what to type to take the plan back."""
    from bep.planner.rendering.html.page import render

    return render(plan, undo)


def as_text(plan: "Plan", *, colour: bool = False, width: int = 0, concise: bool = False, undo: str = "") -> str:
    """For a terminal so many columns wide; 0 breaks no line. `concise` has no details."""
    from bep.planner.rendering.text import render

    return render(plan, colour=colour, width=width, concise=concise, undo=undo)


def write_plan_file(plan: "Plan", path: Path) -> None:
    """Keep a plan. It appears whole or not at all."""
    from bep.disk.durable import write_durably

    write_durably(path, as_json(plan).encode())


def without_clear_secrets(plan: "Plan") -> "tuple[Plan, bool]":
    """The plan as it may be shown, and whether it had secrets in clear, as those of an earlier bep."""
    from bep.planner.planning.clear_values import to_be_shown

    return to_be_shown(plan)


def nodes_of(what: "Plan | Sequence[Resource]") -> "list[Node]":
    """What is drawn of a plan, or of resources: each with what it needs."""
    from bep.planner.plan import Plan
    from bep.planner.rendering.graph import of_plan, of_resources

    return list(of_plan(what) if isinstance(what, Plan) else of_resources(what))


def drawn(nodes: "Sequence[Node]", language: str) -> str:
    """A graph in `dot` for Graphviz, or in `mermaid`."""
    from bep.planner.rendering.graph import dot, mermaid

    return mermaid(nodes) if language == "mermaid" else dot(nodes)


def steps_for(found: "PlanFinding | Risk") -> "tuple[Step, ...]":
    """The steps that the advice of a finding, or of a risk, speaks of."""
    from bep.planner.planning.advice import steps_for as steps

    return steps(found)
