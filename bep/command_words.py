"""A step that would help, as a command to type: the one place where use cases become words of the command line."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import replace
from bep.schemas.next_step import Step

if TYPE_CHECKING:
    from bep.planner.facts import Risk
    from bep.planner.plan import Plan, PlanFinding
    from bep.schemas.findings.finding import Finding


_AHEAD = ("chdir", "stage", "provider")  # options that stand ahead of a command


def command_of(step: Step) -> str:
    """What to type: the whole command, or, for what was typed just now, what to add to it."""
    from shlex import join  # nothing to do, nothing to type

    chosen = {**(_chosen_now() if step.use_case else {}), **{k: v for k, v in step.options if k in _AHEAD}}
    ahead = _ahead(chosen)
    options = [(f"--{name.replace('_', '-')}", value) for name, value in step.options if name not in _AHEAD]
    given = [word for name, value in options for word in ((name, value) if value else (name,))]
    words = join((*step.use_case.split(), *step.arguments, *given))
    return f"bep{ahead} {words}" if step.use_case else f"bep{ahead}" if ahead else words


def program() -> str:
    """What every command begins with for this process: `bep`, with the stage and the provider that are chosen."""
    return f"bep{_ahead(_chosen_now())}"


def _ahead(chosen: Mapping[str, str]) -> str:
    if not chosen:
        return ""
    from shlex import quote

    return "".join(f" --{name} {quote(value)}" for name, value in chosen.items())


def _chosen_now() -> dict[str, str]:
    """The stage and the provider that are chosen for this process: without them a command would mean another."""
    from bep.schemas.workspace.stages import CHOICE, WORLD

    chosen = {"stage": os.environ.get(CHOICE, ""), "provider": os.environ.get(WORLD, "")}
    return {name: value for name, value in chosen.items() if value}


def said(text: str, steps: Iterable[Step]) -> str:
    """A message with commands in the place of the steps that it speaks of, and a line for each other step."""
    for step in steps:
        command = command_of(step)
        spoken = str(step)
        if spoken in text:  # a command that stands alone is copied more easily without quotes
            text = text.replace(f"fix: {spoken}", f"fix: {command}").replace(spoken, f"`{command}`")
        else:
            text = f"{text}\n    fix: {command}"
    return text


def findings_said(findings: "Iterable[Finding]") -> "list[Finding]":
    """Findings for whoever types commands."""
    return [replace(one, message=spoken(one.message, one.next), fix=spoken(one.fix, one.next)) for one in findings]


def plan_said(plan: "Plan") -> "Plan":
    """A plan for whoever types commands; to be shown, not kept."""
    if not plan.findings and not plan.risks:
        return plan
    return plan.model_copy(
        update={"findings": plan_findings_said(plan.findings), "risks": _risks_said(plan.risks)},
    )


def _risks_said(risks: "Sequence[Risk]") -> "tuple[Risk, ...]":
    from bep.app.plans.showing import steps_for

    return tuple(risk.model_copy(update={"fix": spoken(risk.fix, steps_for(risk))}) for risk in risks)


def plan_findings_said(findings: "Sequence[PlanFinding]") -> "tuple[PlanFinding, ...]":
    """The same for the findings of a plan."""
    from bep.app.plans.showing import steps_for

    return tuple(found.model_copy(update={"fix": spoken(found.fix, steps_for(found))}) for found in findings)


def spoken(text: str, steps: Iterable[Step]) -> str:
    """A message with commands in the place of the steps that it speaks of, and nothing of others."""
    for step in steps:
        text = text.replace(str(step), f"`{command_of(step)}`")
    return text


def number_of(count: int, noun: str) -> str:
    """`1 worker`, `1,200 files`."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
