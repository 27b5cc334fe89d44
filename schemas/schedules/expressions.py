"""What the service's own expressions in a scheduled job stand for. Pure: name and moment are given.

`${{name}}` is the name of the job, `${{creation_context.trigger_time}}` the time it is started for (Azure ML docs:
how-to-schedule-pipeline-job, supported expressions). The form of that time is published nowhere; here it is that of
ISO 8601, in UTC: 2026-01-31T02:00:00Z.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bep.lazy_patterns import lazy_pattern

NAME: Final = "name"
TRIGGER_TIME: Final = "creation_context.trigger_time"
EXPRESSION: Final = lazy_pattern(r"\$\{\{\s*(name|creation_context\.trigger_time)\s*\}\}")
PLACES: Final = ("inputs", "outputs")
"""The fields of a scheduled job that may have them, in their paths."""


def expanded(job: Mapping[str, Any], *, name: str, moment: datetime) -> dict[str, Any]:
    """A scheduled job with what its expressions stand for."""
    values = {NAME: name, TRIGGER_TIME: written(moment)}
    return {field: _expanded(below, values) if field in PLACES else below for field, below in job.items()}


def _expanded(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return EXPRESSION.sub(lambda found: values[found[1]], value)
    if isinstance(value, Mapping):
        return {key: _expanded(below, values) for key, below in value.items()}
    return [_expanded(below, values) for below in value] if isinstance(value, list) else value


def written(moment: datetime) -> str:
    """A time as a job's paths have it; seconds are whole."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job_name(schedule: str, moment: datetime) -> str:
    """The name of the job that a schedule starts for a time: the same, whoever starts it and however often."""
    return f"{schedule}-{moment.astimezone(UTC).strftime('%Y%m%dT%H%M%SZ')}"
