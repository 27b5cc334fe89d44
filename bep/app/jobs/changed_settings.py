"""Settings that a job may be tried again with, from the command line. Those that rows depend on stay as they were."""

from collections.abc import Mapping, Sequence
from typing import Any

from bep.exit_codes import ExitCode, Stop
from bep.schemas.findings.did_you_mean import did_you_mean, either

CHANGEABLE = ("retry_settings.timeout", "init_timeout", "worker_memory", "worker_cpus", "error_threshold", "bisect")
"""What only says how much a call may take, or how much may fail, and so leaves every row as it is."""


def changed_settings(texts: Sequence[str]) -> Mapping[str, Any]:
    """The changes that `KEY=VALUE` texts ask for, by the names of the runner's settings. Raises `Stop`."""
    from bep.schemas.job.job import settings_given

    given: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise Stop(ExitCode.ERROR, f"--set {text}: a setting is written KEY=VALUE")
        if key not in CHANGEABLE:
            near = did_you_mean(key, CHANGEABLE)
            raise Stop(
                ExitCode.ERROR, f"--set {key}: a job is tried again with another {either(CHANGEABLE)}. {near}".rstrip()
            )
        given[key] = value
    changed, wrong = settings_given(given)
    if wrong:
        raise Stop(ExitCode.ERROR, "\n".join(f"--set: {finding.message}\n    fix: {finding.fix}" for finding in wrong))
    return changed
