"""Variables of a shell that nobody put in: what was wrong with the value then has one cause. Knows no rule."""

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.finding import Finding, Severity

_UNEXPANDED = lazy_pattern(r"(?<!\$)\$\{([A-Za-z_]\w*)[^{}]*\}")
"""`${NAME}`, and `${NAME:-otherwise}`."""


def unexpanded(finding: Finding) -> Finding:
    """The same, or with the way out where the value that it quotes is a variable of a shell."""
    found = (
        _UNEXPANDED.search(finding.message) if finding.severity is Severity.ERROR and "${" in finding.message else None
    )
    if found is None:
        return finding
    fix = (
        f"{found[0]} is a shell variable that was not substituted: write ${{{{ var.{found[1]} }}}} and declare it in "
        "bep.yml, or substitute it beforehand, as envsubst does."
    )
    return replace(finding, fix=fix)
