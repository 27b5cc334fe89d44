"""Findings as text, JSON and GitHub annotations: functions of the findings and the sources, nothing else."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.finding import Finding, Severity
from bep.schemas.mark import Mark

FORMAT_VERSION = 1
WIDEST = 160
LONGEST = 1_000
MOST_ALIKE = 10
"""Alike findings that are shown."""
ALIKE = lazy_pattern(r"'[^']*'|\S*[\d/:]\S*")
"""Names and numbers in a sentence."""
TOKEN = lazy_pattern(r"""\$\{\{.*?\}\}|"[^"]*"|'[^']*'|(?:[^\s,:{}\[\]]|:(?!\s|$))+""")
PAINT = {Severity.ERROR: "\x1b[31m", Severity.WARNING: "\x1b[33m"}
_COMPARED = 400
"""Characters of a message that count for whether it is like another: some have a whole value in them, however long."""
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
CONTROL = lazy_pattern(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def findings_text(findings: Iterable[Finding], sources: Mapping[str, str], *, colour: bool = False) -> str:
    """Every finding with its fix and the offending line, then a line that counts them; nothing for no finding.

    `sources` maps each file to its text, as `Loaded.sources` has it.
    """
    every = list(findings)
    if not every:
        return ""
    parts = [f"{_one(finding, sources, colour)}{_more(rest)}" for finding, rest in _grouped(every)]
    return "\n\n".join([*parts, _counted(every)]) + "\n"


def _grouped(findings: list[Finding]) -> Iterator[tuple[Finding, list[Finding]]]:
    """Each finding to be shown, the last of those alike with the others of them: what is wrong in each of many
    documents is one mistake of whoever wrote what made them.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_sort(finding), []).append(finding)
    for finding in findings:
        alike = groups[_sort(finding)]
        if len(alike) <= MOST_ALIKE + 1 or finding in alike[: MOST_ALIKE - 1]:
            yield finding, []
        elif finding is alike[MOST_ALIKE - 1]:
            yield finding, alike[MOST_ALIKE:]


def _sort(finding: Finding) -> tuple[str, ...]:
    """What alike findings have in common: all but names and numbers."""
    names = tuple(name for name in finding.address.split("/") if name)
    said = (ALIKE.sub("_", text[:_COMPARED]) for text in (finding.message, finding.fix))
    return finding.severity, finding.code, *(_without(text, names) for text in said)


def _without(text: str, names: Iterable[str]) -> str:
    for name in names:
        text = text.replace(name, "_")
    return text


def _more(rest: list[Finding]) -> str:
    if not rest:
        return ""
    files = {finding.mark.file for finding in rest if finding.mark is not None}
    where = f" in {len(files)} files" if len(files) > 1 else f" in {_clean(next(iter(files)))}" if files else ""
    return f"\n    and {len(rest)} more like it{where}; -o json has them all"


def _one(finding: Finding, sources: Mapping[str, str], colour: bool) -> str:
    severity = finding.severity.value
    place = f"{finding.mark}: " if finding.mark else ""
    address = f"{finding.address}: " if finding.address else ""
    if colour:
        severity = f"{PAINT[finding.severity]}{severity}{PLAIN}"
        place = f"{BOLD}{place}{PLAIN}" if place else ""
    lines = [f"{_clean(place, colour)}{severity}: {_clean(address + finding.message)}"]
    if finding.fix:
        lines.append(f"    fix: {_clean(finding.fix)}")
    lines += _excerpt(finding.mark, sources, colour)
    return "\n".join(lines)


def _clean(text: str, colour: bool = False) -> str:
    """The text without what would move the cursor of a terminal or reorder the line."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "..."
    return text if colour else CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", " "))


def _excerpt(mark: Mark | None, sources: Mapping[str, str], colour: bool) -> list[str]:
    """The line a mark points at, and a caret under the word."""
    lines = re.split(r"\r\n|\r|\n", sources.get(mark.file, "")) if mark else []
    if mark is None or mark.line > len(lines) or not lines[mark.line - 1].strip():
        return []
    line = lines[mark.line - 1]
    start = min(mark.column - 1, len(line))
    cut = max(0, start - WIDEST // 2)
    shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", line[cut : cut + WIDEST].replace("\t", " "))
    word = TOKEN.match(shown, start - cut)
    carets = "^" * (word.end() - word.start() if word else 1)
    if colour:
        carets = f"{PAINT[Severity.ERROR]}{carets}{PLAIN}"
    gutter = f"{mark.line:>5} | "
    return [f"{gutter}{shown}".rstrip(), f"{' ' * (len(gutter) - 2)}| {' ' * (start - cut)}{carets}"]


def _counted(findings: list[Finding]) -> str:
    errors = sum(f.severity is Severity.ERROR for f in findings)
    warnings = len(findings) - errors
    parts = [_plural(errors, "error")] if errors else []
    parts += [_plural(warnings, "warning")] if warnings else []
    return f"{' and '.join(parts)}."


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def as_json(finding: Finding) -> dict[str, object]:
    """One finding as JSON has it; without a place, file is empty and line and column are 0. `next` is optional."""
    mark = finding.mark or Mark("", 0, 0)
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "address": finding.address,
        "message": finding.message,
        "fix": finding.fix,
        "file": mark.file,
        "line": mark.line,
        "column": mark.column,
        **({"next": [each.as_json() for each in finding.next]} if finding.next else {}),
    }


def findings_json(findings: Iterable[Finding]) -> str:
    """All findings as one JSON document: `{"format_version": 1, "findings": [...]}`."""
    document = {"format_version": FORMAT_VERSION, "findings": [as_json(f) for f in findings]}
    return json.dumps(document, indent=2) + "\n"


def findings_github(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows beside the lines, one a finding. Form: GitHub docs, workflow-commands."""
    lines = []
    for finding in findings:
        fields = {"title": finding.code}
        if finding.mark:
            fields |= {"file": finding.mark.file, "line": str(finding.mark.line), "col": str(finding.mark.column)}
        properties = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
        address = f"{finding.address}: " if finding.address else ""
        fix = f"\nfix: {finding.fix}" if finding.fix else ""
        lines.append(f"::{finding.severity.value} {properties}::{_data(address + finding.message + fix)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
