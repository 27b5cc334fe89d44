"""What a plan tells beside its changes, as points and rows of a review: the same words for all. Knows no format."""

from collections.abc import Iterator, Mapping
from typing import Final

from bep.planner.facts import AffectedJobs, GivenValue, JobsEffect, Level, OutputDiff, PlannedJob, Risk, Route, Since
from bep.planner.plan import Action, Change, Drift, Plan, PlanFinding, Undo
from bep.planner.rendering.layout import NONE, drift_rows, items, text
from bep.planner.rendering.sections import Mark, Point, Traffic
from bep.schemas.address import Address, address_of, names_of

SAID_BY_RISK: Final[Mapping[str, tuple[str, ...]]] = {
    "shift-unscored": ("traffic-to-unscored", "traffic-to-failed"),
    "delete-active": ("deleted", "replaced"),
    "protected": ("deleted", "replaced"),
}
"""Findings that say what a risk of the same address says."""


ENDPOINTS: Final = {Action.CREATE: "the endpoint is new", Action.DELETE: "the endpoint is deleted"}


def stops(plan: Plan) -> Iterator[Point]:
    """The errors that nobody let through."""
    return (_finding(found) for found in plan.blocking)


def risks(plan: Plan) -> Iterator[Point]:
    """Every risk but those that an error says already."""
    said = {(code, found.address) for found in plan.blocking for code in SAID_BY_RISK.get(found.code, ())}
    return (_risk(risk) for risk in plan.risks if (risk.code, risk.address) not in said)


def _risk(risk: Risk) -> Point:
    return Point(risk.message, risk.address, Mark(str(risk.level)), risk.fix)


def findings(plan: Plan) -> Iterator[Point]:
    """Warnings, and errors that were let through, but those that a risk or the effect on jobs says already."""
    said = {(risk.code, str(risk.address)) for risk in plan.risks}
    jobs = {one.address for one in plan.jobs.affected}
    for found in plan.findings:
        blocks = found.severity == "error" and not found.allowed
        if blocks or (found.code == "update-with-jobs" and found.address in jobs):
            continue
        if not any((code, found.address) in said for code in SAID_BY_RISK.get(found.code, ())):
            yield _finding(found)


def _finding(found: PlanFinding) -> Point:
    mark = Mark.ALLOWED if found.allowed else Mark(found.severity)
    place = f"{found.file}:{found.line}:{found.column}" if found.file else ""
    return Point(found.message, found.address, mark, "" if found.allowed else found.fix, place)


def traffic(plan: Plan) -> Iterator[Traffic]:
    """Where jobs go that name no deployment, before and after."""
    changes = {change.address: change for change in plan.changes}
    for route in plan.jobs.routes:
        notes = _notes(route, changes, jobs_known=plan.jobs.known)
        yield Traffic(route.endpoint, route.before, route.after, ", ".join(notes))


def _notes(route: Route, changes: Mapping[Address, Change], *, jobs_known: bool) -> Iterator[str]:
    """What of a row of traffic its shares do not tell."""
    endpoint = changes.get(route.endpoint)
    if endpoint is not None and endpoint.action in ENDPOINTS:
        yield ENDPOINTS[endpoint.action]
    elif route.before == route.after:
        yield "stays as it is"
    for name in route.after:
        change = changes.get(address_of("deployment", *names_of(route.endpoint), name))
        if name in route.before and change is not None:
            yield f"but {name} is {'changed' if change.action is Action.UPDATE else 'made anew'}"
            if change.replacement:
                yield "meanwhile a job that names no deployment is refused"
        elif route.before and name not in route.before and name not in route.scored:
            yield f"{name} has never scored anything" if jobs_known else f"whether {name} has ever scored is not known"


def jobs_lead(jobs: JobsEffect) -> str:
    """The effect on jobs in a sentence, also where there is none."""
    if not jobs.known:
        return "jobs run elsewhere, and bep was not told of them: look whether some run"
    if not jobs.unfinished:
        return "no unfinished job is affected"
    count = "the only unfinished job" if jobs.unfinished == 1 else f"{jobs.unfinished} unfinished jobs"
    hit = sum(one.running + one.waiting for one in jobs.affected)
    if not hit:
        return f"{count} {'is' if jobs.unfinished == 1 else 'are'} not affected"
    some = "" if hit == jobs.unfinished else f"{hit} of "
    return f"{some}{count} {'is' if hit == 1 else 'are'} affected"


def jobs(effect: JobsEffect) -> Iterator[Point]:
    """The jobs of each deployment that something is done to."""
    for one in effect.affected:
        more = one.running + one.waiting - len(one.jobs)
        under = (*map(_job, one.jobs), *((f"and {more} more",) if more else ()))
        yield Point(f"{_counted(one)}: {one.effect}", one.address, under=under)


def _counted(one: AffectedJobs) -> str:
    counts = ((one.running, "running"), (one.waiting, "waiting"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _job(job: PlannedJob) -> str:
    return f"{job.name}: {', '.join(filter(None, (job.status, job.progress, job.owner)))}"


def drift(found: Drift) -> Point:
    """What somebody did outside bep to one resource, and what this plan does about it."""
    who = f" by {found.changed_by}" if found.changed_by else ""
    when = f" on {found.changed_at}" if found.changed_at else ""
    applied = f" (bep applied it on {found.applied_at})" if found.applied_at else ""
    what = "removed" if found.gone else "changed" if found.diffs else "made"
    answer = f": {found.answer}" if found.answer else ""
    under = tuple(f"{row.name}: {row.before} -> {row.after}" for row in drift_rows(found.diffs))
    return Point(f"{what}{who}{when}{applied}{answer}", found.address, under=under)


def outputs(found: tuple[OutputDiff, ...]) -> Iterator[Point]:
    """The outputs that change, or may."""
    for one in found:
        old, new = (text(side) or NONE for side in (one.before, one.after))
        if not one.known:
            yield Point(f"{one.name}: {old} -> (known after apply)")
        elif old != new:
            yield Point(f"{one.name}: {old} -> {new}")


def rollback_lead(plan: Plan, undo: str) -> str:
    """Whether this plan can be taken back once it is applied, in changes as they are shown: a replacement is one.

    `undo` is what to type for it.
    """
    lost, shown = {one.address for one in plan.rollback if one.obstacle}, items(plan)
    every, stuck = len(shown), sum(1 for item in shown if item.address in lost)
    count = {1: "the change", 2: "both changes"}.get(every, f"all {every} changes")
    how = f" with {undo}" if undo else ""
    if not stuck:
        return f"{count} can be taken back{how} after the apply"
    if stuck == every:
        return f"{'it' if stuck == 1 else 'none of it'} can{'not' if stuck == 1 else ''} be taken back after the apply"
    return f"{stuck} of {every} changes cannot be taken back after the apply; the others can{how}"


def obstacles(rollback: tuple[Undo, ...]) -> Iterator[Point]:
    """What cannot be taken back, and why."""
    stuck = {undo.address: undo.obstacle for undo in rollback if undo.obstacle}
    return (Point(obstacle, address, Mark.LOST) for address, obstacle in stuck.items())


def value(one: GivenValue) -> Point:
    """A variable that the specs use, and where its value came from."""
    source = ", ".join(filter(None, (one.source, one.place)))
    return Point(f"{one.name}: {one.value} ({source})")


def since_lead(since: Since, now: str) -> str:
    """How this plan is beside the earlier one."""
    made = f" of {since.created_at}" if since.created_at else ""
    was, none = str(since.risk), str(Level.NONE)
    if was == now:
        risk = "no risk was found, then or now" if was == none else f"the highest risk was {was} and still is"
    else:
        before = "no risk was found" if was == none else f"the highest risk was {was}"
        risk = f"{before}, and {'none is found' if now == none else f'the highest is {now}'} now"
    same = f"{since.same} {'change is' if since.same == 1 else 'changes are'} as before"
    return f"beside the plan{made}: {same}; {risk}"


def since(found: Since) -> Iterator[Point]:
    """What is new, gone or different."""
    for word, changes in (("new", found.new), ("gone", found.gone), ("different", found.different)):
        for one in changes:
            about = f" ({', '.join(one.differences)})" if one.differences else ""
            yield Point(f"{word}: {one.id}{about}")
    for word, many in (("new risk", found.new_risks), ("no longer a risk", found.gone_risks)):
        yield from (Point(f"{word}: {risk.message}", risk.address, Mark(str(risk.level))) for risk in many)
