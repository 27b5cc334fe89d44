"""Documents that declare nothing of bep's: one finding each, by how their file came to be read. Knows no kind."""

import re
from collections.abc import Iterable, Iterator

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.finding import Finding, Severity, mistake
from bep.schemas.mark import Mark
from bep.schemas.specs.documents.detecting import NO_SPEC, detect
from bep.schemas.specs.documents.other_files import other_file
from bep.schemas.specs.documents.schema_names import other_kind
from bep.schemas.specs.documents.unsupported import NOT_SUPPORTED, SPECS, unsupported
from bep.schemas.yaml.node import Node

SCHEMA_LINE = lazy_pattern(r"^\s*['\"]?\$schema['\"]?:\s*['\"]?([^\s'\"]+)", re.MULTILINE)
MANIFEST_LINES = lazy_pattern(r"^apiVersion:.*\n(?:.*\n)*?kind:|^kind:.*\n(?:.*\n)*?apiVersion:", re.MULTILINE)


def foreign(node: Node) -> Finding | None:
    """Why a document is no spec of bep's: it is another tool's, or of a kind that bep has not, or like none at all.

    None if it may be a spec. Asked before anything else is looked at: `${{inputs.x}}` in a command is none of bep's
    expressions.
    """
    if (other := unsupported(node)) is not None:
        return other
    if (known := other_file(node)) is not None:
        message, fix = f"this is {known.what}, not a spec", f"{SPECS} {known.use}".strip()
        return mistake(NO_SPEC, "", message, fix, node.mark)
    if isinstance(node.value, dict):
        kind, findings = detect(node)
        return findings[0] if kind is None and findings[0].code == NO_SPEC else None
    if isinstance(node.value, list) and all(_is_none(item) for item in node.value):
        return mistake(NO_SPEC, "", "this is a list, not a spec", SPECS, node.mark)
    return None


def _is_none(item: Node) -> bool:
    return isinstance(item.value, dict) and foreign(item) is not None


def foreign_text(text: str, file: str) -> Finding | None:
    """The same of a file that is not YAML, such as a template of it: what one of its lines says it is."""
    found = SCHEMA_LINE.search(text)
    what = other_kind(found[1]) if found else "a Kubernetes manifest" if MANIFEST_LINES.search(text) else ""
    if not what:
        return None
    line = text.count("\n", 0, found.start(1) if found else 0) + 1
    code, why = (NOT_SUPPORTED, "is not supported") if found else (NO_SPEC, "is no spec")
    return mistake(code, "", f"this is {what}, which {why}, nor YAML", SPECS, Mark(file, line, 1))


def told(findings: Iterable[Finding], *, sought: bool) -> Iterator[Finding]:
    """What is said of a file that has no spec. Where only a pattern found it (`sought`), another tool's file is no
    mistake: it is skipped, and each sort of document in it is a warning. What Azure ML has and bep has not stays one:
    who wrote it may expect that it is deployed.
    """
    for finding in {finding.message: finding for finding in reversed(list(findings))}.values() if sought else findings:
        if sought and finding.code == NO_SPEC:
            fix = finding.fix.replace(SPECS, "Keep this file out of the patterns in specs to silence this.")
            yield replace(finding, severity=Severity.WARNING, message=f"skipped: {finding.message}", fix=fix)
        else:
            yield finding
