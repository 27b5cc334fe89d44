"""Settings that a job may be tried again with, from the command line. Those that rows depend on stay as they were."""

from collections.abc import Mapping, Sequence
from typing import Any

from bep.app.errors import Refused
from bep.schemas.findings.did_you_mean import did_you_mean, either
from bep.schemas.kinds.settings import set_by


def changed_settings(texts: Sequence[str]) -> Mapping[str, Any]:
    """The changes that `KEY=VALUE` texts ask for, by the names of the runner's settings. Raises `DomainError`."""
    from bep.schemas.job.job import settings_given

    given: dict[str, Any] = {}
    changeable = tuple(set_by("retry"))
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise Refused(f"--set {text}: a setting is written KEY=VALUE")
        if key not in changeable:
            near = did_you_mean(key, changeable)
            raise Refused(f"--set {key}: a job is tried again with another {either(changeable)}. {near}".rstrip())
        given[key] = value
    changed, wrong = settings_given(given)
    if wrong:
        raise Refused("\n".join(f"--set: {finding.message}\n    fix: {finding.fix}" for finding in wrong))
    return changed
