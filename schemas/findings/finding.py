"""Finding: one thing wrong or doubtful, where it is, and how to mend it. A value; it never prints."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.mark import Mark
from bep.schemas.next_step import Step
from bep.schemas.secrets.recognising import redacted, secrets_in, without

_PLACES = 3
"""Further places of one cause that are named."""


class Severity(StrEnum):
    """An error stops plan and apply; a warning is shown and travels with the plan."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `code` is stable and kebab-case, so that a machine, or who lets it through, can name it.

    `next` are steps that would help; a face puts its own words where the fix speaks of one. What has the same `cause`,
    such as a name that nothing has, is one mistake: it is told once, with every place.
    """

    severity: Severity
    code: str
    address: str
    message: str
    fix: str = ""
    mark: Mark | None = None
    next: tuple[Step, ...] = ()
    cause: str = ""


def mistake(
    code: str,
    address: str,
    message: str,
    fix: str = "",
    mark: Mark | None = None,
    next: tuple[Step, ...] = (),
    cause: str = "",
) -> Finding:
    """A finding that stops plan and apply."""
    return Finding(Severity.ERROR, code, address, message, fix, mark, next, cause)


def warning(code: str, address: str, message: str, fix: str = "", mark: Mark | None = None, cause: str = "") -> Finding:
    """A finding that is shown and travels with the plan."""
    return Finding(Severity.WARNING, code, address, message, fix, mark, cause=cause)


class SpecInvalid(Exception):
    """What the user wrote cannot be planned. Holds every finding, and the text of each file one points into."""

    def __init__(self, findings: Iterable[Finding], sources: Mapping[str, str] | None = None) -> None:
        self.findings = tuple(findings)
        self.sources = dict(sources or {})
        super().__init__(f"{len(self.findings)} findings")


def ordered(findings: Iterable[Finding], texts: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Each finding once, in the order a reader meets the places; those without a place first. So is each cause.

    None quotes a secret of its own or of the `texts` that it is about, in which a name or a path may have come from.
    """
    found = list(findings)
    secrets = [secret for text in texts for secret in secrets_in(text)] if found else []
    told = sorted(dict.fromkeys(_without_secrets(finding, secrets) for finding in found), key=_place)
    return tuple(_each_cause_once(told)) if any(finding.cause for finding in told) else tuple(told)


def _each_cause_once(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The first finding of each cause, which names the places of the others."""
    places: dict[tuple[str, ...], list[Mark | None]] = {}
    for finding in findings:
        if finding.cause:
            places.setdefault(_causes(finding), []).append(finding.mark)
    for finding in findings:
        others = places.pop(_causes(finding), None) if finding.cause else [None]
        if others is None:
            continue
        there = list(dict.fromkeys(str(mark) for mark in others if mark is not None and mark != finding.mark))
        more = f" and {len(there) - _PLACES} more places" if len(there) > _PLACES else ""
        also = f"; the same in {', '.join(there[:_PLACES])}{more}" if there else ""
        yield replace(finding, message=f"{finding.message}{also}") if also else finding


def _causes(finding: Finding) -> tuple[str, ...]:
    return finding.severity, finding.code, finding.cause


def _without_secrets(finding: Finding, secrets: Sequence[str]) -> Finding:
    said = (finding.address, finding.message, finding.fix)
    address, message, fix = (redacted(without(secrets, text)) for text in said)
    if (address, message, fix) == (finding.address, finding.message, finding.fix):
        return finding
    return replace(finding, address=address, message=message, fix=fix)


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    mark = finding.mark or Mark("", 0, 0)
    return mark.file, mark.line, mark.column, finding.code, finding.message


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that stop a plan."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
