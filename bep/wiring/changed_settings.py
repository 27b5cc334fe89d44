"""Settings that a job may be tried again with, from the command line. Those that rows depend on stay as they were."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bep.exit_codes import ExitCode, Stop
from bep.schemas.nearest import did_you_mean, either

if TYPE_CHECKING:
    from bep.runner.target import Settings

CHANGEABLE = ("retry_settings.timeout", "worker_memory", "worker_cpus", "error_threshold")
"""What only says how much a call may take, or how much may fail, and so leaves every row as it is."""


def changed_settings(texts: Sequence[str], settings: "Settings") -> dict[str, Any]:
    """The changes that `KEY=VALUE` texts ask for, by the names of the fields of `settings`. Raises `Stop`."""
    from pydantic import ValidationError

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
        given[key.rpartition(".")[2]] = value
    try:
        changed = type(settings).model_validate({**settings.model_dump(), **given})
    except ValidationError as problem:
        found = problem.errors()[0]
        raise Stop(ExitCode.ERROR, f"--set {found['loc'][0]}={found['input']}: {found['msg']}") from None
    return {name: getattr(changed, name) for name in given}
