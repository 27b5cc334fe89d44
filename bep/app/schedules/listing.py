"""The schedules that were applied, for whoever looks: when each comes next, and what became of its last job."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bep.app.job_records import records
from bep.app.schedules.considered import Considered, Memory
from bep.app.schedules.due import standing
from bep.app.schedules.starting import schedules_of
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import names_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.runner.folder.record import JobRecord

_STAMP = lazy_pattern(r"\d{8}T\d{6}Z\Z")


@dataclass(frozen=True)
class Listed:
    """One schedule at a moment. `next` is None for one that is disabled or over; `error` says why its last time has no
    job, where it has none. Where its trigger cannot be read, `error` says so.
    """

    name: str
    endpoint: str
    is_enabled: bool
    missed_runs: str
    trigger: str
    next: datetime | None
    last_job: str
    last_status: str
    error: str

    def as_json(self) -> dict[str, Any]:
        """The same as a JSON value; times in UTC."""
        following = self.next.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.next else None
        return {
            "name": self.name,
            "endpoint": self.endpoint,
            "is_enabled": self.is_enabled,
            "missed_runs": self.missed_runs,
            "trigger": self.trigger,
            "next": following,
            "last_job": self.last_job or None,
            "last_status": self.last_status or None,
            "error": self.error or None,
        }


def listed(opened: "Reading", now: datetime) -> list[Listed]:
    """Every schedule, by name. Raises as `Memory.every`."""
    there = schedules_of(opened)
    if not there:
        return []
    kept, jobs = Memory(opened.home).every(), records(opened.home)
    return [_listed(name, one, kept.get(name), _last_of(name, jobs), now) for name, one in sorted(there.items())]


def _listed(name: str, there: "Observed", kept: Considered | None, last: "JobRecord | None", now: datetime) -> Listed:
    from bep.schemas.schedules.wording import described

    attributes, error = there.attributes, kept.error if kept is not None else ""
    try:
        trigger, following = described(attributes["trigger"]), standing(name, there, kept, now).next
    except (ValueError, KeyError, TypeError) as problem:  # written by somebody else than an apply
        trigger, following, error = "", None, f"its trigger cannot be read: {problem}"
    return Listed(
        name,
        names_of(attributes["create_job"]["endpoint"])[0],
        attributes.get("is_enabled", True),
        attributes.get("missed_runs", "once"),
        trigger,
        following,
        last.name if last is not None else "",
        str(last.status) if last is not None else "",
        error,
    )


def _last_of(name: str, jobs: "Iterable[JobRecord]") -> "JobRecord | None":
    """The newest job that a schedule has started, or somebody by hand, told by its name."""
    own = [job for job in jobs if job.name.startswith(f"{name}-") and _STAMP.match(job.name, len(name) + 1)]
    return max(own, key=lambda job: job.created, default=None)
