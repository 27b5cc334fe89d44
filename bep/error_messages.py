"""How each known failure ends a command: its exit code, and what a person reads. Imported once something failed."""

import os
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from bep.exit_codes import ExitCode

if TYPE_CHECKING:
    from bep.app.errors import DomainError
    from bep.schemas.findings.finding import SpecInvalid


def ending_of(problem: Exception) -> tuple[ExitCode, str]:
    """The exit code and the message for a failure. One that is nobody's mistake but ours is kept as a crash report."""
    from bep.app.errors import DomainError
    from bep.disk.refusal import FULL, explained
    from bep.planner.formats.statefile import StateDamaged
    from bep.providers.applying.checking import PlanRefused, PlanStale
    from bep.providers.protocol import ProviderError
    from bep.providers.state.errors import StateNotWritten, StateReplaced, StateUnusable
    from bep.providers.state.locking import NotThatLock, StateLocked
    from bep.runner.errors import JobInvalid
    from bep.schemas.findings.finding import SpecInvalid

    match problem:
        case SpecInvalid():
            return ExitCode.FINDINGS, _findings(problem)
        case PlanStale() | PlanRefused() | StateLocked() | NotThatLock() | StateReplaced():
            return ExitCode.CONFLICT, str(problem)
        case DomainError():
            return _code_of(problem), _with_next(problem)
        case ProviderError():
            return ExitCode.PROVIDER, str(problem)
        case StateUnusable() | StateDamaged() | StateNotWritten() | JobInvalid():
            return ExitCode.ERROR, str(problem)
        case OSError() if problem.filename or problem.errno in FULL:
            return ExitCode.ERROR, str(explained(problem))
        case _:
            return ExitCode.ERROR, _bug(problem)


def _with_next(problem: "DomainError") -> str:
    """The message, and the command for what would help."""
    return problem.message + (f"\n    fix: bep {' '.join(problem.next)}" if problem.next else "")


def _code_of(problem: "DomainError") -> ExitCode:
    from bep.app.errors import Conflict, Invalid, NothingToDo, WorldFailed

    match problem:
        case Conflict():
            return ExitCode.CONFLICT
        case Invalid():
            return ExitCode.FINDINGS
        case WorldFailed():
            return ExitCode.PROVIDER
        case NothingToDo():
            return ExitCode.DONE
        case _:
            return ExitCode.ERROR


def _findings(problem: "SpecInvalid") -> str:
    from bep.console import Console
    from bep.schemas.findings.rendering import findings_text

    console = Console()
    console.say(findings_text(problem.findings, problem.sources, colour=console.colour_talk))
    return "the specs have errors; nothing was changed"


def _bug(problem: Exception) -> str:
    handle, path = tempfile.mkstemp(prefix="bep-crash-", suffix=".txt")
    os.close(handle)
    Path(path).write_text("".join(traceback.format_exception(problem)))
    return (
        f"this is a bug in bep: {type(problem).__name__}: {problem}\n"
        f"    fix: nothing you did; please report it with {path} (look through it first: it may name your files)"
    )
