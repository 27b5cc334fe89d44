"""A workspace of another world, applied on this machine, so that a job can be scored here. Prints nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Event as Flag
from typing import TYPE_CHECKING

from bep.app.errors import Refused
from bep.app.plans.applying import apply_plan, wait_for_others
from bep.app.plans.planning import Asked, plan_of
from bep.app.workspace.opening import Opened
from bep.app.workspace.write_access import must_write
from bep.lazy_dataclasses import replace
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs
    from bep.planner.plan import Plan
    from bep.providers.applying.report import Report

_DOUBTFUL = ("delete", "forget")
_PATIENCE = 60.0  # seconds for another job's apply to end


def on_this_machine(
    opened: "Specs", say: Callable[[str], None], stopping: AbstractContextManager[Flag], *, is_dry: bool = False
) -> Opened:
    """The workspace in the world of this machine, its specs applied there; `say` hears what was done.

    Nothing is applied where bep.yml names that world itself, or `is_dry`. Raises `SpecInvalid`, and `Refused` for a
    plan that somebody has to look at first: it is not safe, or takes something away.
    """
    here = _opened_here(opened)
    if not here.workspace.in_other_world:
        say(f"the provider of this workspace is {here.workspace.provider}: nothing is applied before the job")
        return here
    if not is_dry:
        must_write(here)
        wait_for_others(here, _PATIENCE, "run")
    plan = plan_of(here, Asked())
    _refuse(plan)
    where = f"in the {plan.provider} world below {here.workspace.home}"
    if is_dry and plan:
        say(f"{_counted(plan)} {where} would be made first, and {'is' if len(plan.changes) == 1 else 'are'} not")
    elif plan:
        report = apply_plan(here, plan, lambda _: None, stopping, lock_timeout=_PATIENCE, operation="run")
        _must_be_done(report, plan)
        say(f"{_counted(plan)} made {where}: {', '.join(str(change.address) for change in plan.changes)}")
    return _opened_here(here)


def _opened_here(opened: "Specs") -> Opened:
    from bep.providers.worlds import ON_THIS_MACHINE

    return Opened(opened.root, replace(opened.source, provider=ON_THIS_MACHINE))


def _counted(plan: "Plan") -> str:
    return f"{len(plan.changes)} {'change' if len(plan.changes) == 1 else 'changes'}"


def _refuse(plan: "Plan") -> None:
    """Raise `Refused` for a plan that is not carried out without being asked for."""
    doubts = [*_doubts(plan)]
    if doubts:
        look = step("apply", provider=plan.provider)
        lines = "\n".join(f"  {doubt}" for doubt in doubts)
        raise Refused(f"the specs are not applied on this machine without being looked at:\n{lines}", next=(look,))


def _doubts(plan: "Plan") -> Iterator[str]:
    for found in plan.blocking:
        yield f"{found.address}: {found.message}"
    for change in plan.changes:
        if change.action.value in _DOUBTFUL:
            yield f"{change.address} would be {'deleted' if change.action.value == 'delete' else 'forgotten'}"


def _must_be_done(report: "Report", plan: "Plan") -> None:
    """Raise `Refused` where not all was done."""
    if report.ok:
        return
    from bep.app.plans.events import Ended

    failed = [f"  {result.change.address}: {result.message}" for result in report.those(Ended.FAILED)]
    told = [f"  {report.broken}"] if report.broken is not None else failed
    look = step("apply", provider=plan.provider)
    raise Refused("\n".join(["the specs could not be applied on this machine:", *told]), next=(look,))
