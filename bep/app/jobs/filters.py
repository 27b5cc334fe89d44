"""Which jobs a list is asked for: by status, deployment, age and number. Pure; what time it is, the caller says."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.did_you_mean import did_you_mean, either

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord

_AGO = lazy_pattern(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OTHER_NAMES = {"cancelled": "canceled", "succeeded": "completed", "dead": "notresponding", "killed": "notresponding"}


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a user asked for. Empty or None: any; `limit` keeps the newest."""

    statuses: frozenset[str] = frozenset()
    endpoint: str | None = None
    deployment: str | None = None
    since: datetime | None = None
    limit: int | None = None


def chosen(records: "Sequence[JobRecord]", wanted: JobFilter) -> "list[JobRecord]":
    """The jobs that all of it is true for, newest first. `records` are oldest first."""
    found = [
        record
        for record in reversed(records)
        if (not wanted.statuses or record.status.value in wanted.statuses)
        and wanted.endpoint in (None, record.target.endpoint)
        and wanted.deployment in (None, record.target.deployment)
        and (wanted.since is None or record.created >= wanted.since)
    ]
    return found[: wanted.limit]


def statuses_named(texts: Sequence[str]) -> frozenset[str]:
    """Statuses as the service spells them, from what a user typed: any case. Raises `Refused` for what is none."""
    from bep.runner.folder.record import Status

    known = {status.value.lower(): status.value for status in Status}
    found = set()
    for text in texts:
        folded = re.sub(r"[ _-]", "", text.lower())
        folded = _OTHER_NAMES.get(folded, folded)
        if folded not in known:
            near = did_you_mean(text, known.values())
            raise Refused(f"{text}: a job is {either(known.values())}. {near}".rstrip(), about="status")
        found.add(known[folded])
    return frozenset(found)


def moment_of(text: str, now: datetime, *, about: str = "since") -> datetime:
    """`2d` before `now`, or a date or time as ISO 8601 writes it, UTC unless it says otherwise. Raises `Refused`."""
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise Refused(
            f"{text}: an age such as 90m, 12h, 2d or 1w, or a date: 2026-11-20, 2026-11-20T18:00 (UTC)",
            about=about,
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
