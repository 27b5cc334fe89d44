"""Findings as SARIF 2.1.0 (OASIS), for what shows results of static analysis. A function of the findings alone."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from bep.schemas.findings.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
"""What paths are relative to: the folder that bep was started in, which a viewer knows by this name."""
_NO_PLACE = "bep.yml"
"""Where a finding without a place is shown: viewers drop a result that has none."""


def findings_sarif(findings: Iterable[Finding], version: str) -> str:
    """One run of bep of this version, each finding a result whose rule is its code."""
    every = list(findings)
    codes = sorted({finding.code for finding in every})
    places = {code: index for index, code in enumerate(codes)}
    driver = {"name": "bep", "version": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder in which bep was started."}}},
        "results": [_result(finding, places[finding.code]) for finding in every],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    words = code.replace("-", " ")
    return {"id": code, "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}."}}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    address = f"{finding.address}: " if finding.address else ""
    fix = f"\nfix: {finding.fix}" if finding.fix else ""
    file = finding.mark.file if finding.mark is not None else _NO_PLACE
    line, column = (finding.mark.line, finding.mark.column) if finding.mark is not None else (1, 1)
    artifact = {"uri": quote(file.encode("utf-8", "surrogatepass"))}
    if not file.startswith("/"):
        artifact["uriBaseId"] = ROOT
    place = {"artifactLocation": artifact, "region": {"startLine": max(line, 1), "startColumn": max(column, 1)}}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": f"{address}{finding.message}{fix}"},
        "locations": [{"physicalLocation": place}],
    }
