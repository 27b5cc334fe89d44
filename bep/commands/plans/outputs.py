"""What is said after an apply: checks that do not hold, and the outputs."""

import json
from typing import TYPE_CHECKING

from bep.command_words import plan_findings_said
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.outcome import Outcome
    from bep.console import Console


def show_outcome(console: "Console", outcome: "Outcome") -> None:
    """Say it to a person."""
    if outcome.outputs:
        width = max(map(len, outcome.outputs))
        lines = (
            f"  {name:<{width}}  {json.dumps(value, ensure_ascii=False)}" for name, value in outcome.outputs.items()
        )
        console.result("Outputs:\n" + "\n".join(lines))
    if outcome.findings:
        from bep.planner.rendering.text import findings_text

        console.say(findings_text(plan_findings_said(outcome.findings), colour=console.colour_talk))


def judge(outcome: "Outcome") -> None:
    """Raises `Stop` where a check that is an error fails and nobody allowed it, or what kept it from telling."""
    if outcome.trouble is not None:
        raise outcome.trouble
    failed = [found for found in outcome.findings if found.severity == "error" and not found.allowed]
    if failed:
        checks = "a check does" if len(failed) == 1 else f"{len(failed)} checks do"
        raise Stop(ExitCode.FINDINGS, f"what was asked is done, but {checks} not hold of what is there now")
