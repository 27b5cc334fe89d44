"""How each known failure ends a command: its exit code, and what a person reads. Imported once something failed."""

import os
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.failures import Sort, failure_of
from bep.command_words import findings_said, said
from bep.exit_codes import ExitCode

if TYPE_CHECKING:
    from bep.app.failures import Failure

_CODES: Final = {
    Sort.FINDINGS: ExitCode.FINDINGS,
    Sort.DENIED: ExitCode.DENIED,
    Sort.CONFLICT: ExitCode.CONFLICT,
    Sort.NOT_FOUND: ExitCode.ERROR,
    Sort.REFUSED: ExitCode.ERROR,
    Sort.WORLD: ExitCode.PROVIDER,
    Sort.NOTHING_TO_DO: ExitCode.DONE,
    Sort.STORED: ExitCode.ERROR,
}


def ending_of(problem: Exception) -> tuple[ExitCode, str]:
    """The exit code and the message for a failure. One that is nobody's mistake but ours is kept as a crash report."""
    failure = failure_of(problem)
    if failure is None:
        return ExitCode.ERROR, _bug(problem)
    if failure.findings:
        _show_findings(failure)
    option = f"--{failure.about} " if failure.about else ""
    return _CODES[failure.sort], said(option + failure.message, failure.next)


def _show_findings(failure: "Failure") -> None:
    from bep.console import Console
    from bep.schemas.findings.rendering import findings_text

    console = Console()
    findings = findings_said(failure.findings)
    console.say(findings_text(findings, failure.sources or {}, colour=console.colour_talk))


def _bug(problem: Exception) -> str:
    handle, path = tempfile.mkstemp(prefix="bep-crash-", suffix=".txt")
    os.close(handle)
    Path(path).write_text("".join(traceback.format_exception(problem)))
    return (
        f"this is a bug in bep: {type(problem).__name__}: {problem}\n"
        f"    fix: nothing you did; please report it with {path} (look through it first: it may name your files)"
    )
