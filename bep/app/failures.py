"""Why a use case was not carried out, as one value whatever room said no. Knows no face; a bug is none of these."""

from enum import StrEnum
from typing import TYPE_CHECKING

from bep.lazy_dataclasses import dataclass
from bep.schemas.next_step import Advised, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bep.schemas.findings.finding import Finding


class Sort(StrEnum):
    """What kind of no it is."""

    FINDINGS = "findings"
    """What the user wrote has errors, or does not fit."""
    DENIED = "denied"
    """A policy denies the plan."""
    CONFLICT = "conflict"
    """Something else holds the lock, or has changed what the plan was made for."""
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    """It cannot be done as it was asked for."""
    WORLD = "world"
    """The world did not do it."""
    NOTHING_TO_DO = "nothing-to-do"
    STORED = "stored"
    """A state, a job's record or a file cannot be read or written."""


@dataclass(frozen=True)
class Failure:
    """`message` is for a person; `about` the option that it is about; `nearest` names that may have been meant; `code`
    is the world's own."""

    sort: Sort
    message: str
    next: tuple[Step, ...] = ()
    findings: "tuple[Finding, ...]" = ()
    sources: "Mapping[str, str] | None" = None
    about: str = ""
    nearest: tuple[str, ...] = ()
    retry_after: float | None = None
    code: str = ""


def failure_of(problem: BaseException) -> Failure | None:
    """The failure that an exception stands for; None for a bug, and for what is no failure."""
    from bep.app.errors import DomainError, NotFound
    from bep.disk.refusal import FULL, explained
    from bep.providers.protocol import ProviderError
    from bep.schemas.findings.finding import SpecInvalid

    match problem:
        case SpecInvalid():
            return Failure(Sort.FINDINGS, _sum(problem.findings), findings=problem.findings, sources=problem.sources)
        case DomainError():
            nearest = problem.nearest if isinstance(problem, NotFound) else ()
            return Failure(_sort(problem), problem.message, problem.next, about=problem.about, nearest=nearest)
        case ProviderError():
            return Failure(Sort.WORLD, str(problem), problem.next, retry_after=problem.retry_after, code=problem.code)
        case OSError() if problem.filename or problem.errno in FULL:
            return Failure(Sort.STORED, str(explained(problem)))
        case _:
            return _kept(problem)


def _sum(findings: "tuple[Finding, ...]") -> str:
    """What findings come to. Those without a place are about what was asked for, and no spec is wrong for it."""
    from bep.schemas.findings.finding import errors

    wrong = errors(findings)
    if any(finding.address == "job" for finding in wrong):
        return "the job has errors; nothing was run"
    placed = any(finding.mark is not None for finding in wrong)
    return "the specs have errors; nothing was changed" if placed else "nothing was changed"


def _kept(problem: BaseException) -> Failure | None:
    """What plans, locks, states and jobs say no with."""
    from bep.planner.formats.statefile import StateDamaged
    from bep.providers.applying.checking import PlanRefused, PlanStale
    from bep.providers.state.errors import StateNotWritten, StateReplaced, StateUnusable
    from bep.providers.state.holder import NotThatLock, StateLocked
    from bep.providers.state.place import PlaceRefused
    from bep.runner.errors import JobInvalid

    steps = problem.next if isinstance(problem, Advised) else ()
    if isinstance(problem, PlanStale | PlanRefused | StateLocked | NotThatLock | StateReplaced):
        return Failure(Sort.CONFLICT, str(problem), steps)
    if isinstance(problem, StateUnusable | StateDamaged | StateNotWritten | PlaceRefused | JobInvalid):
        return Failure(Sort.STORED, str(problem), steps)
    return None


def _sort(problem: Exception) -> Sort:
    from bep.app.errors import Conflict, Denied, Invalid, NotFound, NothingToDo, WorldFailed

    match problem:
        case Denied():
            return Sort.DENIED
        case Conflict():
            return Sort.CONFLICT
        case Invalid():
            return Sort.FINDINGS
        case WorldFailed():
            return Sort.WORLD
        case NothingToDo():
            return Sort.NOTHING_TO_DO
        case NotFound():
            return Sort.NOT_FOUND
        case _:
            return Sort.REFUSED
