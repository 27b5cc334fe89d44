"""Schedules seen to: jobs ordered for the times that have come, one a time whatever ends this process. Prints nothing.

A job is ordered first and remembered then. A kill between the two leaves a time that is seen to again, by the same
request: the queue knows it, and there is still one job.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bep.app.schedules.considered import Considered, Memory
from bep.app.schedules.due import Standing, standing
from bep.app.schedules.jobs import job_for, request_of
from bep.disk.durable import At, nowhere
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.address import names_of
from bep.schemas.findings.finding import errors

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.schemas.job.job import JobSpec

Order = Callable[["Reading", "JobSpec", str, str], str]
"""Puts a job in line: the job, who asks in words, the id of the request. The job's name; raises as `Jobs.order`."""
BY: Final = "schedule {}"


@dataclass(frozen=True)
class Seen:
    """What was done for one schedule: a job ordered for `time`, or why none was."""

    name: str
    time: datetime
    job: str = ""
    error: str = ""
    is_missed: bool = False


def ordered_in_line(opened: "Reading", job: "JobSpec", by: str, request: str) -> str:
    """The queue's own way to order a job."""
    from bep.app.jobs.service import Asked, jobs_of

    return jobs_of(opened).order(job, Asked(by, request, is_told=False)).name


class Schedules:
    """The schedules of one workspace, for a process that sees to them again and again.

    Between two times it costs one look at the catalog: when each schedule comes next is kept from the last look.
    """

    def __init__(self, order: Order = ordered_in_line, *, at: At = nowhere) -> None:
        self._order = order
        self._at = at
        self._next: dict[str, tuple[str, datetime | None]] = {}
        self._looked: datetime | None = None

    def step(self, opened: "Reading", now: datetime) -> list[Seen]:
        """Order what is due at a moment. What was not there to be ordered is tried again at the next step.

        Raises `Refused` where what was considered cannot be read, and `ProviderError` where the world cannot.
        """
        there = schedules_of(opened)
        if self._looked is not None and now < self._looked:
            self._next.clear()  # the clock was set back
        self._looked = now
        if not any(self._may_be_due(name, one, now) for name, one in there.items()):
            return []
        memory = Memory(opened.home, at=self._at)
        with memory.held() as is_mine:
            return self._see_to(opened, memory, there, now) if is_mine else []

    def _may_be_due(self, name: str, there: "Observed", now: datetime) -> bool:
        etag, upcoming = self._next.get(name, ("", None))
        return etag != there.etag or (upcoming is not None and upcoming <= now)

    def _see_to(self, opened: "Reading", memory: Memory, there: Mapping[str, "Observed"], now: datetime) -> list[Seen]:
        kept, seen = memory.every(), []
        every = {name: one for name, one in kept.items() if name in there}
        for name, one in there.items():
            try:
                found = standing(name, one, kept.get(name), now)
            except (ValueError, KeyError, TypeError) as error:  # written by somebody else than an apply
                seen.append(Seen(name, now, error=f"its trigger cannot be read: {error}"))
                self._next[name] = one.etag, None
                continue
            result = self._started(opened, found)
            if result is None:
                self._next.pop(name, None)
                continue
            seen += result
            every[name] = _remembered(found, kept.get(name), result, now)
            self._next[name] = one.etag, found.next
        if every != kept:
            memory.keep(every)
        return seen

    def _started(self, opened: "Reading", found: Standing) -> list[Seen] | None:
        """What was done, nothing where nothing is due; None where it is worth another try."""
        from bep.app.failures import failure_of
        from bep.providers.protocol import ProviderError

        if found.missed is not None:
            return [Seen(found.name, found.missed, error="missed, and skipped as asked", is_missed=True)]
        if found.due is None:
            return []
        try:
            job = job_for(opened, found.attributes, found.due)
            name = self._order(opened, job, BY.format(found.name), request_of(found.name, found.due))
        except Exception as problem:
            if isinstance(problem, ProviderError) and problem.retryable:
                return None
            failure = failure_of(problem)
            if failure is None:
                raise  # a bug, whose time is seen to again
            why = "; ".join(one.message for one in errors(failure.findings)) or failure.message
            return [Seen(found.name, found.due, error=why)]
        return [Seen(found.name, found.due, name)]


def _remembered(found: Standing, kept: Considered | None, seen: list[Seen], now: datetime) -> Considered:
    """What is kept of a schedule that was seen to. Where nothing was due nothing new is: the file stays as it is."""
    is_as_before = kept is not None and kept.rule == found.rule and kept.until <= now
    if kept is not None and is_as_before and not seen and found.due is None:
        return kept
    until = max(now, found.since)
    before = replace(kept, until=until, rule=found.rule) if kept is not None else Considered(until, found.rule)
    if not seen:
        return before
    return replace(before, time=seen[-1].time, job=seen[-1].job or before.job, error=seen[-1].error)


def schedules_of(opened: "Reading") -> dict[str, "Observed"]:
    """The schedules that were applied, by name; none in a world whose own service sees to them."""
    if opened.world.scoring is None:
        return {}
    return {names_of(address)[0]: there for address, there in opened.provider.list("schedule").items()}
