"""What is said after an apply: checks that do not hold, and the outputs."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from bep.exit_codes import ExitCode, Stop
from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.console import Console
    from bep.planner.plan import PlanFinding


@dataclass(frozen=True)
class Outcome:
    """The outputs as they are now, and the checks that do not hold of the world; or why neither could be told."""

    outputs: dict[str, Any] = field(default_factory=dict)
    findings: "tuple[PlanFinding, ...]" = ()
    trouble: Exception | None = None

    def as_json(self) -> dict[str, Any]:
        """As a part of the last object of an apply's stream."""
        return {"outputs": self.outputs, "findings": [found.model_dump(mode="json") for found in self.findings]}


def outcome_of(opened: "Opened", allow: Collection[str]) -> Outcome:
    """What there is to say once an apply is done; nothing where bep.yml has neither outputs nor checks."""
    conditions = opened.loaded.workspace.conditions
    if not conditions.checks and not conditions.outputs:
        return Outcome()
    from bep.app.workspace.outputs import checks_after, outputs, reopened

    now = reopened(opened)
    try:
        return Outcome(outputs(now), checks_after(now, allow))
    except Exception as problem:  # what was done has to be told first
        return Outcome(trouble=problem)


def show_outcome(console: "Console", outcome: Outcome) -> None:
    """Say it to a person."""
    if outcome.outputs:
        width = max(map(len, outcome.outputs))
        lines = (
            f"  {name:<{width}}  {json.dumps(value, ensure_ascii=False)}" for name, value in outcome.outputs.items()
        )
        console.result("Outputs:\n" + "\n".join(lines))
    if outcome.findings:
        from bep.planner.rendering.text import findings_text

        console.say(findings_text(outcome.findings, colour=console.colour_talk))


def judge(outcome: Outcome) -> None:
    """Raises `Stop` where a check that is an error fails and nobody allowed it, or what kept it from telling."""
    if outcome.trouble is not None:
        raise outcome.trouble
    failed = [found for found in outcome.findings if found.severity == "error" and not found.allowed]
    if failed:
        checks = "a check does" if len(failed) == 1 else f"{len(failed)} checks do"
        raise Stop(ExitCode.FINDINGS, f"what was asked is done, but {checks} not hold of what is there now")
