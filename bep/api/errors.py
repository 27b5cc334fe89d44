"""What a call of the API raises: public exceptions, whatever room said no. Knows no exit code; prints nothing.

Anything else that comes out of a call is a bug in bep, or was raised by what the caller has given it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bep.schemas.next_step import Step

if TYPE_CHECKING:
    from bep.api.job_values import Job
    from bep.api.outcomes import Applied
    from bep.api.shards import ScoredShard
    from bep.api.values import Finding, Plan
    from bep.app.failures import Failure


class BepError(Exception):
    """A call was not carried out. `message` is for a person; `findings` are what is wrong, each with its place; `next`
    are steps that would help; `nearest` names that may have been meant; `retry_after` seconds to wait, where known."""

    def __init__(
        self,
        message: str,
        *,
        findings: "Sequence[Finding]" = (),
        next: Sequence[Step] = (),
        nearest: Sequence[str] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)
        self.next = tuple(next)
        self.nearest = tuple(nearest)
        self.retry_after = retry_after


class SpecsInvalid(BepError):
    """Specs, bep.yml or a job are wrong: `findings` has all of it. Nothing was changed."""


class PlanBlocked(SpecsInvalid):
    """Findings stand against a plan, and nobody allowed them. Nothing was changed. `plan` is the plan."""

    def __init__(self, plan: "Plan") -> None:
        blocking = plan.blocking
        told = "; ".join(f"{found.address}: {found.message}" for found in blocking)
        super().__init__(told, findings=blocking, next=[step for found in blocking for step in found.next])
        self.plan = plan


class PlanDenied(BepError):
    """Policies of the workspace deny a plan: the message has each with what it says. Nothing was changed."""


class Conflict(BepError):
    """Something else holds the lock, or has changed what the plan was made for."""


class Refused(BepError):
    """It cannot be done as it was asked for."""


class NotFound(Refused):
    """There is nothing of that name; `nearest` may have been meant."""


class WorldFailed(BepError):
    """The world did not do it."""


class NothingToDo(BepError):
    """All is as it was asked for already."""


class StoredDataUnusable(BepError):
    """A state, a job's record or a file cannot be read or written."""


class Declined(BepError):
    """What `confirm` was asked about was not confirmed. Nothing was changed."""


class ApplyIncomplete(BepError):
    """Not all of a plan was done; what was done is recorded. `applied` has each change."""

    def __init__(self, message: str, applied: "Applied") -> None:
        super().__init__(message, findings=applied.findings)
        self.applied = applied


class JobNotCompleted(BepError):
    """A job failed or was cancelled; what it scored is kept. `job` is the job, `next` what goes on with it."""

    def __init__(self, job: "Job") -> None:
        why = f": {job.error.message}" if job.error else ""
        super().__init__(f"job {job.name} is {job.status}{why}", next=job.next)
        self.job = job


class ShardNotDone(BepError):
    """A shard failed or was cancelled; what it settled is in the share. `shard` is the shard."""

    def __init__(self, shard: "ScoredShard") -> None:
        why = f": {shard.error.message}" if shard.error else ""
        super().__init__(f"shard {shard.shard}/{shard.shards} of {shard.job} is {shard.state}{why}")
        self.shard = shard


def must_be_applicable(plan: "Plan") -> None:
    """Raise `PlanBlocked` or `PlanDenied` for a plan that must not be carried out."""
    if plan.blocking:
        raise PlanBlocked(plan)
    if plan.denials:
        raise PlanDenied("; ".join(f"policy {one.policy}: {found}" for one in plan.denials for found in one.violations))


@contextmanager
def public_errors() -> Iterator[None]:
    """Let what a use case says no with come out as one of these."""
    try:
        yield
    except BepError:
        raise
    except Exception as problem:
        from bep.app.failures import failure_of

        failure = failure_of(problem)
        if failure is None:
            raise
        raise error_of(failure) from problem


def error_of(failure: "Failure") -> BepError:
    """The public exception of a failure."""
    from bep.api.values import Finding
    from bep.app.failures import Sort

    sorts: dict[Sort, type[BepError]] = {
        Sort.FINDINGS: SpecsInvalid,
        Sort.DENIED: PlanDenied,
        Sort.CONFLICT: Conflict,
        Sort.NOT_FOUND: NotFound,
        Sort.REFUSED: Refused,
        Sort.WORLD: WorldFailed,
        Sort.NOTHING_TO_DO: NothingToDo,
        Sort.STORED: StoredDataUnusable,
    }
    findings = [Finding.of(found) for found in failure.findings]
    told = "; ".join(f"{found.place}{found.message}" for found in findings if found.severity == "error")
    return sorts[failure.sort](
        f"{failure.about} {failure.message}" if failure.about else told or failure.message,
        findings=findings,
        next=failure.next,
        nearest=failure.nearest,
        retry_after=failure.retry_after,
    )
