"""A plan as a review: its sections in the order in which every rendering draws them. Pure; knows no format."""

from collections.abc import Iterator

from bep.planner.plan import Plan, Verdict
from bep.planner.rendering import facts
from bep.planner.rendering.alike import points_alike, rows_alike
from bep.planner.rendering.details import tells
from bep.planner.rendering.grouping import groups
from bep.planner.rendering.layout import summary_of
from bep.planner.rendering.sections import Entry, Group, Point, Review, Section
from bep.planner.rendering.verdicts import JUDGED_SINCE, verdict_on

IN_ORDER = ", in the order in which they are made"
BY_ENDPOINT = " by endpoint, those of each in the order in which they are made"


def review_of(plan: Plan, undo: str = "") -> Review:
    """All that is to be shown of the plan. `undo` is what to type to take it back, as code between backticks."""
    return Review(title_of(plan), verdict_on(plan), _summary(plan), tuple(filter(_says, _sections(plan, undo))))


def title_of(plan: Plan) -> str:
    """`Plan for taxi in production on azure`."""
    words = (("", plan.workspace), ("in ", plan.stage), ("on ", plan.provider))
    place = " ".join(before + word for before, word in words if word)
    return f"Plan for {place}" if place else "Plan"


def _summary(plan: Plan) -> str:
    if not plan.policies:
        return summary_of(plan)
    from bep.planner.rendering.policies import sentence  # few plans have any

    return f"{summary_of(plan)} {sentence(plan)}"


def _says(section: Section) -> bool:
    return bool(section.entries or section.lead)


def _sections(plan: Plan, undo: str) -> Iterator[Section]:
    denied, warned = _policies(plan)
    yield _points("stops", "What keeps this plan from being applied", "errors", *facts.stops(plan), *denied)
    yield _points("risks", "Risks", "risks", *facts.risks(plan))
    if plan.changes and plan.format_version >= JUDGED_SINCE:
        yield from _effects(plan)
    changed, details = groups(plan)
    order = BY_ENDPOINT if any(map(_told_together, changed)) else IN_ORDER
    yield Section("changes", f"Changes{order}", "changes", changed)
    yield _points("drift", "Changed outside bep", "changes outside bep", *map(facts.drift, plan.drift))
    yield _points("findings", "Warnings", "warnings", *facts.findings(plan))
    yield _points("policies", "Policies", "policies", *warned)
    yield _points("notes", "Notes", "notes", *map(Point, plan.notes))
    yield _points("outputs", "Outputs", "outputs", *facts.outputs(plan.outputs))
    if plan.rollback:
        undone = facts.rollback_lead(plan, undo)
        yield _points("rollback", "Undo", "changes", *facts.obstacles(plan.rollback), lead=(undone,))
    if not (plan.changes or plan.since):
        return
    yield _points("values", "Variables", "variables", *map(facts.value, plan.values))._replace(folded=True)
    if plan.since is not None:
        beside = facts.since_lead(plan.since, str(plan.risk))
        yield _points("since", "Since the earlier plan", "differences", *facts.since(plan.since), lead=(beside,))
    yield Section("details", "Details", "details", tuple(one for one in details if tells(one)), folded=True)


def _told_together(group: Group) -> bool:
    """Whether a line stands for changes that are not made one right after another."""
    return bool(group.also) or any(step.also for step in group.steps)


def _effects(plan: Plan) -> Iterator[Section]:
    rows: tuple[Entry, ...] = rows_alike(tuple(facts.traffic(plan)))
    yield Section("traffic", "Traffic: where a job goes that names no deployment", "endpoints", rows)
    affected = tuple(facts.jobs(plan.jobs))
    yield Section("jobs", "Effect on jobs", "deployments", affected, (facts.jobs_lead(plan.jobs),))


def _points(name: str, title: str, what: str, *points: Point, lead: tuple[str, ...] = ()) -> Section:
    return Section(name, title, what, points_alike(points), lead)


def _policies(plan: Plan) -> tuple[list[Point], list[Point]]:
    """What policies say that deny the plan, and what the others do."""
    if not plan.policies:
        return [], []
    from bep.planner.rendering.policies import point

    warned = [one for one in plan.policies if one.verdict is Verdict.WARN]
    return [point(one) for one in plan.denials], [point(one) for one in warned]
