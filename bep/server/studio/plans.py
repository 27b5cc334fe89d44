"""Plans that were applied or are kept, each drawn as a review, and what changed between two states. Decides nothing."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Response
from markupsafe import Markup

from bep.app.overviews.plans import KeptPlan, applied_plans, plan_files, plan_named
from bep.app.overviews.states import between, kept_states
from bep.command_words import plan_said
from bep.lazy_dataclasses import dataclass
from bep.planner.rendering.html.page import content, differences
from bep.server.studio.pages import Entry, Visiting
from bep.server.studio.refusals import Showing
from bep.server.studio.texts import address_of

PLANS: Final = address_of("plans")
STATES: Final = address_of("states")
WORDS: Final = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "shift": "to shift",
    "adopt": "to adopt",
    "forget": "to forget",
    "retain": "to retain",
}
DONE: Final = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "shift": "shifted",
    "adopt": "adopted",
    "forget": "forgotten",
    "retain": "retained",
}
TONES: Final = {"applied": "good", "being applied": "live", "applied in part": "warn", "interrupted": "bad"}

router = APIRouter(tags=["studio"], route_class=Showing, include_in_schema=False)


@dataclass(frozen=True)
class PlanRow:
    """A plan in a list: `what` is the sum of its changes in words."""

    title: str
    path: str
    at: str
    ended: str
    state: str
    tone: str
    what: str
    who: str
    host: str
    operation: str
    serial: int
    failed: int


@router.get(PLANS)
def plans(visit: Visiting) -> Response:
    """Every plan that is kept, and the states that can be compared."""
    return visit.page(
        "plans.html",
        "Plans",
        current=PLANS,
        applied=[_row(one) for one in applied_plans(visit.opened)],
        files=[_row(one) for one in plan_files(visit.opened)],
        states=kept_states(visit.opened),
    )


@router.get(f"{PLANS}/{{name}}")
def plan(visit: Visiting, name: str) -> Response:
    """One plan, as a reviewer has it."""
    kept, found = plan_named(visit.opened, name)
    return visit.page(
        "plan.html",
        f"Plan {_row(kept).title}",
        current=PLANS,
        trail=[Entry("Plans", PLANS)],
        row=_row(kept),
        review=Markup(content(plan_said(found))),  # the page of a plan escapes all that it shows
    )


@router.get(STATES)
def states(visit: Visiting, before: int, after: int) -> Response:
    """What changed in the state from one serial to another."""
    found = between(visit.opened, before, after)
    counts: dict[str, int] = {}
    for change in found.changes:
        counts[str(change.action)] = counts.get(str(change.action), 0) + 1
    return visit.page(
        "states.html",
        f"State {found.before} to {found.after}",
        current=PLANS,
        trail=[Entry("Plans", PLANS)],
        before=found.before,
        after=found.after,
        what=_said(counts, DONE),
        states=kept_states(visit.opened),
        shown=Markup(differences(found.changes)),  # as above
    )


def _row(kept: KeptPlan) -> PlanRow:
    is_done = kept.state in ("applied", "applied in part")
    return PlanRow(
        title=(kept.file and kept.name) or kept.name.partition("-")[2][:8] or kept.name,
        path=address_of("plans", kept.name),
        at=kept.at,
        ended=kept.ended,
        state=kept.state,
        tone=TONES.get(kept.state, "idle"),
        what=_said(kept.actions, DONE if is_done and not kept.failed else WORDS),
        who=kept.who,
        host=kept.host,
        operation=kept.operation,
        serial=kept.serial,
        failed=kept.failed,
    )


def _said(counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    """`1 created, 2 shifted`."""
    return ", ".join(f"{counts[action]:,} {word}" for action, word in words.items() if counts.get(action)) or "nothing"
