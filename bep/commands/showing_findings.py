"""Findings in the form a command was asked for. Judges none of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bep.command_words import findings_said

if TYPE_CHECKING:
    from bep.console import Console
    from bep.schemas.findings.finding import Finding


def show_findings(
    console: "Console", findings: "Sequence[Finding]", sources: Mapping[str, str], chosen: str = "text"
) -> None:
    """Write findings to stdout: they are the result of the command that found them."""
    from bep.schemas.findings import rendering

    if chosen == "json":
        console.result(rendering.findings_json(findings))
    elif chosen == "sarif":
        from bep import __version__
        from bep.schemas.findings.sarif import findings_sarif

        console.result(findings_sarif(findings, __version__))
    elif findings and chosen == "github":
        console.result(rendering.findings_github(findings_said(findings)))
    elif findings:
        console.result(rendering.findings_text(findings_said(findings), sources, colour=console.colour))


def say_findings(console: "Console", findings: "Sequence[Finding]", sources: Mapping[str, str]) -> None:
    """Warnings on the way to something else: talk, not a result."""
    if findings:
        from bep.schemas.findings.rendering import findings_text

        console.say(findings_text(findings_said(findings), sources, colour=console.colour_talk))
