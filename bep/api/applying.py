"""A plan carried out for a caller from Python: asked about, shielded from interruptions, reported. Decides nothing."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from threading import Event as Flag
from typing import TYPE_CHECKING, Literal

from bep.api.errors import Declined, must_be_applicable, public_errors
from bep.api.outcomes import Applied
from bep.api.shielding import Shielded
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.api.values import Plan
    from bep.api.workspace import Workspace
    from bep.app.plans.events import Event
    from bep.app.workspace.opening import Opened

Confirm = Callable[["Plan"], bool]
"""Asked with what would be done; nothing is done unless it says True. `approve` always does."""


@dataclass(frozen=True)
class Told:
    """How a caller wants a plan carried out, as `Workspace.apply` says it."""

    confirm: Confirm
    on_event: "Callable[[Event], None] | None"
    stop: Flag | None
    jobs: Literal["", "drain", "cancel"]
    parallelism: int
    lock_timeout: float
    allow: Sequence[str]


def carried_out(workspace: "Workspace", plan: "Plan", operation: str, told: Told) -> Applied:
    """Ask, then carry a plan out in a thread of its own. Raises as `Workspace.apply` does."""
    must_be_applicable(plan)
    if plan._made and not told.confirm(plan):
        raise Declined(f"{plan.summary}: it was not confirmed; nothing was changed")
    flag = told.stop or Flag()
    shielded: Shielded[Applied] = Shielded(flag)
    tell = shielded.telling(told.on_event)  # type: ignore[arg-type]  # it is told events and nothing else

    def work() -> Applied:
        with public_errors():
            return _applied(workspace._opened(), plan, operation, told, tell, flag)

    return shielded.run(work)


def _applied(
    opened: "Opened", plan: "Plan", operation: str, told: Told, tell: Callable[[object], None], flag: Flag
) -> Applied:
    from bep.app.jobs.settling import settle
    from bep.app.plans.applying import apply_plan, settle_kept, wait_for_others
    from bep.app.plans.outcome import Outcome, outcome_of
    from bep.app.workspace.specs import specs_of
    from bep.app.workspace.write_access import must_write

    made = plan._made
    must_write(opened)
    wait_for_others(opened, told.lock_timeout, operation)
    if plan._resources is None:
        specs_of(opened)
    if not made:
        notes = settle_kept(opened, lock_timeout=told.lock_timeout, operation=operation)
        return Applied.of(None, outcome_of(opened, told.allow) if operation == "apply" else Outcome(), notes)
    if told.jobs:
        settle(opened, made, cancel=told.jobs == "cancel", waits=_nothing, ended=_nothing)
    report = apply_plan(
        opened,
        made,
        tell,
        nullcontext(flag),
        parallelism=told.parallelism,
        lock_timeout=told.lock_timeout,
        operation=operation,
        judge_again=plan._is_kept,
        resources=plan._resources,
    )
    over = operation == "apply" and report.ok
    outcome = outcome_of(opened, told.allow) if over else Outcome()
    return Applied.of(report, outcome, report.notes)


def _nothing(said: object) -> None:
    """Hears what a person would be told on the way."""
