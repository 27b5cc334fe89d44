"""What is said of drift to who is not looking: what was changed outside bep, how to look, how to keep or undo it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bep.schemas.next_step import Step, step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.planner.plan import Drift, Plan


def tell_of_drift(opened: "Specs", plan: "Plan", words: Callable[[Step], str]) -> tuple[str, ...]:
    """Tell whom bep.yml names of the drift in a plan. What did not arrive, one warning each; nothing without drift."""
    from bep.app.workspace.notifying import Advice, Notice, notify
    from bep.schemas.workspace.notifications import Event

    if Event.DRIFT not in opened.workspace.notifications:
        return ("bep.yml names nobody under notify.drift: nobody was told of drift",)
    if not plan.drift:
        return ()
    count = "1 resource was" if len(plan.drift) == 1 else f"{len(plan.drift)} resources were"
    where = f"{plan.workspace} in {plan.stage}" if plan.stage else plan.workspace
    first = plan.drift[0].address
    notice = Notice(
        Event.DRIFT,
        f"{count} changed outside bep in {where}",
        "\n".join(_line(drift) for drift in plan.drift),
        look=(Advice(words(step("plan")), "what would be done about it"),),
        go_on=(Advice(words(step("adopt", first)), "writes what was changed into the specs, where that is right"),),
        undo=(Advice(words(step("apply")), "makes it what the specs ask, after asking"),),
        details={"drift": [_as_json(drift) for drift in plan.drift]},
    )
    return notify(opened, notice)


def _fields(drift: "Drift") -> list[dict[str, str]]:
    from bep.planner.rendering.layout import drift_rows

    return [{"field": row.name, "applied": row.before or "", "now": row.after or ""} for row in drift_rows(drift.diffs)]


def _line(drift: "Drift") -> str:
    changed = ", ".join(f"{one['field']} {one['applied']} -> {one['now']}" for one in _fields(drift))
    return f"{drift.address}: {'it is gone' if drift.gone else changed or 'it was made, and no spec declares it'}"


def _as_json(drift: "Drift") -> dict[str, object]:
    gone, fields = drift.gone, _fields(drift)
    return {"address": drift.address, "gone": gone, "fields": fields, "applied_at": drift.applied_at}
