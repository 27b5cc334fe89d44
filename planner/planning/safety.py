"""What a plan would do that a person should be asked about first. Knows plans and traffic, not how plans are made."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bep.lazy_dataclasses import dataclass
from bep.planner.observed import Observed
from bep.planner.options import Options, RunningJob
from bep.planner.plan import Action, Change, PlanFinding
from bep.planner.planning.advice import CANCEL_JOBS, DRAIN, let_through
from bep.planner.planning.refusals import still_referenced
from bep.planner.state import State
from bep.planner.traffic import receivers
from bep.schemas.address import Address, kind_of
from bep.schemas.kinds.kind import Kind

FEW = 3
JOBS_FIRST = f"wait for them with {DRAIN}, or cancel them with {CANCEL_JOBS}"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the rules look at. `referrers` are those that will still stand, by what they will refer to."""

    changes: Sequence[Change]
    state: State
    observed: Mapping[Address, Observed]
    kinds: Mapping[str, Kind]
    options: Options
    protected: frozenset[Address]
    referrers: Mapping[Address, Sequence[Address]]

    def deletions(self) -> Iterator[Change]:
        """What the plan deletes, the first halves of replacements included."""
        return (change for change in self.changes if change.action is Action.DELETE)

    def shifts(self) -> Iterator[Change]:
        """What the plan does to traffic."""
        return (change for change in self.changes if change.action is Action.SHIFT)


def safety_findings(scene: Scene) -> tuple[PlanFinding, ...]:
    """Every rule's findings, by rule and then in the order of the changes. All but the last can be let through."""
    if not scene.changes:
        return ()
    rules = (_protected, _same_name, _active, _jobs, _jobs_going_on, _many, _unscored)
    overridable = (settled(found, scene.options.allow) for rule in rules for found in rule(scene))
    return (*overridable, *_referenced(scene))


def settled(found: PlanFinding, allow: Collection[str]) -> PlanFinding:
    """The finding, marked when it is let through."""
    asked = found.code in allow or f"{found.code}:{found.address}" in allow
    return found.model_copy(update={"allowed": True}) if asked else found


def _finding(code: str, address: str, message: str, fix: str = "", *, severity: str = "error") -> PlanFinding:
    allow = f"let it through with {let_through(code)}"
    advice = f"{fix}, or {allow}" if fix else allow
    return PlanFinding(severity=severity, code=code, address=address, message=message, fix=advice)


def _verb(change: Change) -> str:
    return "replaced" if change.replacement else "deleted"


def _protected(scene: Scene) -> Iterator[PlanFinding]:
    for change in scene.changes:
        if change.after is None and change.action is not Action.FORGET and change.address in scene.protected:
            message = f"it is protected by prevent_destroy and would be {_verb(change)} ({change.reason})"
            fix = "apply its spec with prevent_destroy: false first"
            yield _finding("protected", change.address, message, fix)


def _same_name(scene: Scene) -> Iterator[PlanFinding]:
    for change in scene.changes:
        if change.replacement and change.after is not None and change.guards.create_before_destroy:
            message = (
                "create_before_destroy cannot be kept: the old one has the same name, so it must go first "
                f"({change.reason})"
            )
            fix = "give the new one another name, and bep makes it before the old one goes"
            yield _finding("create-before-destroy", change.address, message, fix)


def _active(scene: Scene) -> Iterator[PlanFinding]:
    """Deleting what has the traffic, unless the same plan moves that traffic to another first."""
    deleted = {change.address: change for change in scene.deletions()}
    for address, seen in scene.observed.items() if deleted else ():
        kind = scene.kinds[kind_of(address)]
        for receiver in sorted(receivers(kind, address, seen.attributes) & deleted.keys()):
            moved = any(
                shift.address == address and (after := receivers(kind, address, shift.after)) and receiver not in after
                for shift in scene.shifts()
            )
            if not moved:
                change = deleted[receiver]
                message = f"it has the traffic of {address} and would be {_verb(change)}"
                severity = "warning" if scene.options.destroy else "error"
                yield _finding(
                    "delete-active", receiver, message, "move the traffic to another first", severity=severity
                )


def _jobs(scene: Scene) -> Iterator[PlanFinding]:
    if not scene.options.running_jobs:
        return
    deleted = {change.address for change in scene.deletions()}
    for change in scene.deletions():
        jobs = [*_jobs_of(change.address, scene, deleted)]
        if jobs:
            message = f"it would be {_verb(change)} and has {_listed(jobs)}"
            yield _finding("delete-with-jobs", change.address, message, JOBS_FIRST)


def _jobs_going_on(scene: Scene) -> Iterator[PlanFinding]:
    """What is changed in place under jobs: each was pinned when it began."""
    changed = {change.address for change in scene.changes if change.action is Action.UPDATE}
    for address in sorted(changed if scene.options.running_jobs else ()):
        jobs = [*_jobs_of(address, scene, changed)]
        if jobs:
            message = f"it is changed and has {_listed(jobs)}; they go on with what they began with"
            yield PlanFinding(
                severity="warning", code="update-with-jobs", address=address, message=message, fix=f"{JOBS_FIRST} first"
            )


def _jobs_of(address: Address, scene: Scene, deleted: Collection[Address]) -> Iterator[RunningJob]:
    """The jobs of a resource, and of those that refer to it; but each only where it is nearest."""
    for owner, jobs in sorted(scene.options.running_jobs.items()):
        entry = scene.state.entries.get(owner)
        nearest = owner not in deleted and entry is not None and address in entry.references
        if owner == address or nearest:
            yield from jobs


def _listed(jobs: Sequence[RunningJob]) -> str:
    """`2 jobs: a (Running, 40 of 100), b (Queued)`, the first five."""
    described = [
        f"{job.name} ({', '.join(word for word in (job.status, job.progress, job.owner) if word)})" for job in jobs[:5]
    ]
    if len(jobs) > 5:
        described.append(f"and {len(jobs) - 5} more")
    return f"{len(jobs)} unfinished {'job' if len(jobs) == 1 else 'jobs'}: {', '.join(described)}"


def _many(scene: Scene) -> Iterator[PlanFinding]:
    deleted = [change for change in scene.deletions() if not change.replacement]
    existing = sum(1 for address in scene.state.entries if address in scene.observed)
    if scene.options.destroy or len(deleted) < FEW or len(deleted) * 3 <= existing:
        return
    message = f"{len(deleted)} of the {existing} resources that exist would be deleted: more than a third"
    yield _finding("delete-many", scene.options.workspace or "workspace", message, "look for a spec that went missing")


def _unscored(scene: Scene) -> Iterator[PlanFinding]:
    """Traffic taken from one deployment for another that has never scored anything."""
    as_known = "" if scene.options.jobs_known else ", as far as is known: its jobs could not be asked for"
    for shift in scene.shifts():
        kind = scene.kinds[kind_of(shift.address)]
        losing = receivers(kind, shift.address, shift.before)
        for receiver in sorted(receivers(kind, shift.address, shift.after) - losing - scene.options.scored):
            if losing:
                message = f"{receiver} gets the traffic and has never scored anything{as_known}"
                fix = "run a job on it by name first"
                yield _finding("shift-unscored", shift.address, message, fix, severity="warning")


def _referenced(scene: Scene) -> Iterator[PlanFinding]:
    for change in scene.deletions():
        remaining = scene.referrers.get(change.address, ())
        if remaining and not change.replacement:
            yield still_referenced(change.address, sorted(remaining))
