"""What a plan does to jobs: to those that are not over, and to where the next ones go. Asks nobody for them."""

from collections.abc import Iterator, Sequence
from typing import Final

from bep.planner.facts import AffectedJobs, JobsEffect, PlannedJob, Route
from bep.planner.options import RunningJob
from bep.planner.plan import Action
from bep.planner.reviewing.evidence import DEPLOYMENT, Evidence, endpoint_of
from bep.schemas.address import Address, kind_of, names_of

LISTED: Final = 10
WAITING: Final = ("NotStarted", "Starting", "Preparing", "Queued")
"""The statuses of a job that scores nothing yet."""


def jobs_effect(evidence: Evidence) -> JobsEffect:
    """The effect on jobs, also where there is none."""
    return JobsEffect(
        known=evidence.options.jobs_known,
        unfinished=sum(map(len, evidence.options.running_jobs.values())),
        affected=tuple(_affected(evidence)),
        routes=tuple(_routes(evidence)),
    )


def _affected(evidence: Evidence) -> Iterator[AffectedJobs]:
    deleted = {change.address: change for change in evidence.changes(Action.DELETE)}
    changed = {change.address for change in evidence.plan.changes if change.action is Action.UPDATE}
    for deployment, jobs in sorted(evidence.options.running_jobs.items()):
        entry = evidence.state.entries.get(deployment)
        own = (deployment, *(entry.references if entry else ()))
        gone = next((address for address in own if address in deleted), None)
        if gone is not None:
            word = "replaced" if deleted[gone].replacement else "deleted"
            they, are = ("it", "it is") if len(jobs) == 1 else ("them", "they are")
            yield _told(deployment, jobs, f"{gone} is {word} under {they}, unless {are} waited for or cancelled first")
        elif any(address in changed for address in own):
            effect = "it goes on with what it began with" if len(jobs) == 1 else "they go on with what they began with"
            yield _told(deployment, jobs, effect)


def _told(address: Address, jobs: Sequence[RunningJob], effect: str) -> AffectedJobs:
    waiting = sum(1 for job in jobs if job.status in WAITING)
    listed = tuple(
        PlannedJob(name=job.name, status=job.status, owner=job.owner, progress=job.progress) for job in jobs[:LISTED]
    )
    return AffectedJobs(address=address, running=len(jobs) - waiting, waiting=waiting, jobs=listed, effect=effect)


def _routes(evidence: Evidence) -> Iterator[Route]:
    before, after = evidence.shares(evidence.now), evidence.shares(evidence.later)
    touched = {names_of(one.address)[0] for one in evidence.plan.changes if kind_of(one.address) == DEPLOYMENT}
    for traffic in sorted({*before, *after}):
        was, will = before.get(traffic, {}), after.get(traffic, {})
        if was != will or names_of(traffic)[0] in touched:
            yield Route(
                endpoint=endpoint_of(traffic),
                before={names_of(one)[-1]: share for one, share in was.items()},
                after={names_of(one)[-1]: share for one, share in will.items()},
                scored=tuple(names_of(one)[-1] for one in will if one in evidence.options.scored),
            )
