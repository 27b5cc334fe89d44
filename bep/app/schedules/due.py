"""Which schedules are due at a moment. Pure: the moment, what there is and what was considered are given."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bep.lazy_dataclasses import dataclass
from bep.schemas.schedules.times import last_time, next_time
from bep.schemas.schedules.triggers import read_trigger

if TYPE_CHECKING:
    from bep.app.schedules.considered import Considered
    from bep.planner.observed import Observed

PUNCTUAL: Final = timedelta(minutes=5)
"""What is started within so long after its time was not missed."""


@dataclass(frozen=True)
class Standing:
    """One schedule at a moment: times up to `since` were seen to. `due` is the time that a job is to be started for,
    `missed` the last of those that nothing is done about.
    """

    name: str
    attributes: Mapping[str, Any]
    rule: str
    since: datetime
    next: datetime | None
    due: datetime | None = None
    missed: datetime | None = None


def standing(name: str, there: "Observed", kept: "Considered | None", now: datetime) -> Standing:
    """How a schedule stands. Raises as `read_trigger`, for what no checked spec has."""
    attributes, rule = there.attributes, rule_of(there.attributes)
    trigger, since = read_trigger(attributes["trigger"]), _since(there, rule, kept, now)
    if not attributes.get("is_enabled", True):
        return Standing(name, attributes, rule, now, None)
    last = last_time(trigger, since, now) if since < now else None
    is_skipped = last is not None and attributes.get("missed_runs") == "skip" and now - last > PUNCTUAL
    return Standing(
        name,
        attributes,
        rule,
        since,
        next_time(trigger, now),
        due=None if is_skipped else last,
        missed=last if is_skipped else None,
    )


def rule_of(attributes: Mapping[str, Any]) -> str:
    """What tells one rule from another: whatever is not of it changes no times."""
    said = [attributes["trigger"], attributes.get("is_enabled", True)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _since(there: "Observed", rule: str, kept: "Considered | None", now: datetime) -> datetime:
    """From when on this rule holds and is not seen to: a new one has no times before it was applied.

    Never later than now: a clock that was ahead and is right again would else keep a schedule back until then. A time
    that is seen to twice because of that is ordered by the same request, and has one job.
    """
    if kept is not None and kept.rule == rule:
        return min(kept.until, now)
    changed = _moment(there.changed_at) or now
    return min(now, max(changed, kept.until) if kept is not None else changed)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
