"""A plan carried out on a workspace: lock, session, stop. The providers' room does the work and keeps the record."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from bep.app.errors import Conflict, Refused
from bep.app.workspace.clock import now, operation_id
from bep.schemas.next_step import step

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs, Writing
    from bep.planner.plan import Plan, PlanFinding
    from bep.planner.state import State
    from bep.providers.applying.events import Event
    from bep.providers.applying.report import Report
    from bep.schemas.resource import Resource


def read_plan_file(path: Path) -> "Plan":
    """A plan that `bep plan -o` kept. Raises `DomainError` for a file that is none, or was altered."""
    from bep.planner.formats.planfile import PlanInvalid, decode

    try:
        return decode(path.read_text())
    except OSError as problem:
        raise Refused(f"{path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Conflict(f"{path}: not a plan: it is not text") from None
    except PlanInvalid as problem:
        make = step("plan", out=path)
        raise Conflict(f"{path}: {problem}\n    fix: make the plan again: {make}", next=(make,)) from None


def kept_plan_of(opened: "Specs", path: Path) -> "Plan":
    """A kept plan of this very stage and world. Raises `DomainError` for one of another, `SpecInvalid` where none is
    chosen.
    """
    plan = read_plan_file(path)
    here = opened.workspace.stage or ""
    if plan.stage != here:
        made, chosen = (f"stage {name}" if name else "no stage" for name in (plan.stage, here))
        choose = step("apply", path, stage=plan.stage) if plan.stage else step("plan", out=path)
        raise Conflict(f"{path}: it was made for {made}, and this is {chosen}", next=(choose,))
    world = opened.workspace.provider
    if plan.provider not in ("", world):
        raise Conflict(
            f"{path}: it was made for the provider {plan.provider}, and this is {world}",
            next=(step("apply", path, stage=plan.stage or None, provider=plan.provider),),
        )
    return plan


def wait_for_others(opened: "Writing", timeout: float, operation: str) -> None:
    """Look at the lock before planning: a plan made beside another apply could not be carried out anyway.

    So is one that is made while the world still works on what an interrupted apply began: reading the state waits.
    Raises `StateLocked`, which says who holds it, when that is still so after `timeout` seconds.
    """
    from bep.providers.applying.recovery import PATIENCE

    opened.patience = PATIENCE

    if opened.store.holder():
        opened.store.acquire(operation=operation, since=now(), timeout=timeout).release()


def apply_plan(
    opened: "Writing",
    plan: "Plan",
    report: "Callable[[Event], None]",
    stopping: AbstractContextManager[Flag],
    *,
    parallelism: int = 10,
    lock_timeout: float = 0,
    operation: str = "apply",
    judge_again: bool = False,
    resources: "Sequence[Resource] | None" = None,
) -> "Report":
    """Carry out the plan under the workspace's lock. `resources` are the specs', unless the plan is not of the specs.

    With `judge_again` what makes a plan unsafe is looked for once more, in the state and the world of this moment: a
    plan that was kept may be days old, and believing its own findings would be believing whoever wrote the file. So the
    policies are asked once more, too. Raises `PolicyDenied`.

    Once the flag that `stopping` gives is set, what runs is finished and nothing more is started. To end the process
    at once loses nothing either: every step is on disk before it is taken.
    """
    from bep.providers.applying.applying import apply

    if plan.denials or (judge_again and (opened.workspace.policies or opened.source.policies_from)):
        from bep.app.plans.policies.judging import must_be_let_through

        must_be_let_through(opened, plan)
    opened.keep_state()
    with (
        opened.store.acquire(operation=operation, since=now(), timeout=lock_timeout) as lock,
        opened.store.begin(lock.holder) as session,
        stopping as stop,
    ):
        return apply(
            plan,
            opened.loaded.resources if resources is None else resources,
            session,
            opened.provider,
            report=report,
            stop=stop,
            clock=now,
            operation_ids=operation_id,
            parallelism=parallelism,
            progress=lock.progress,
            judge=(lambda state: _unsafe(opened, plan, state)) if judge_again else (lambda state: ()),
        )


def settle_kept(opened: "Writing", *, lock_timeout: float, operation: str) -> tuple[str, ...]:
    """Where no change writes anything: record how an interrupted apply ended, whose tokens a world may forget, and seal
    what an earlier bep kept in clear. What was done about that."""
    from bep.providers.applying.recovery import recover

    stored = opened.store.load()
    if stored is None or not (stored.clear or stored.pending):
        return ()
    with (
        opened.store.acquire(operation=operation, since=now(), timeout=lock_timeout),
        opened.store.begin() as session,
    ):
        recover(session, opened.provider, now)  # the plan has said how each ended
        if not stored.clear:
            session.finish()
            return ()
        session.seal()
        opened.world.seal()
        return session.notes


def _unsafe(opened: "Reading", plan: "Plan", state: "State") -> "tuple[PlanFinding, ...]":
    from bep.app.job_records import records, running_jobs
    from bep.planner.options import Options
    from bep.planner.plan import DESTROY
    from bep.planner.planning.safety import Scene, safety_findings
    from bep.schemas.kinds.kind import load_kinds

    if opened.world.jobs is None:
        jobs = records(opened.home)
    else:
        from bep.app.jobs.settling import at_stake

        jobs, _ = at_stake(opened, plan)
    options = Options(
        workspace=plan.workspace,
        destroy=any(change.reason == DESTROY for change in plan.changes),
        running_jobs=running_jobs(jobs),
        scored=frozenset(state.entries),  # that a deployment was never scored is a warning, given when it was planned
    )
    observed = opened.provider.read(sorted({*state.entries, *(change.address for change in plan.changes)}))
    # prevent_destroy is judged where the plan is checked; what refers to what, by the provider itself.
    return safety_findings(Scene(plan.changes, state, observed, load_kinds(), options, frozenset(), {}))
