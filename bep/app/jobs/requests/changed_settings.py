"""Settings that a job may be tried again with. Those that rows depend on stay as they were."""

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
            raise Refused(f"{text}: a setting is written KEY=VALUE", about="set")
        if key not in changeable:
            near = did_you_mean(key, changeable)
            raise Refused(
                f"{key}: a job is tried again with another {either(changeable)}. {near}".rstrip(), about="set"
            )
        given[key] = value
    changed, wrong = settings_given(given)
    if wrong:
        raise Refused("\n".join(f"{finding.message}\n    fix: {finding.fix}" for finding in wrong), about="set")
    return changed
