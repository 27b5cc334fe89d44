"""An applied plan, taken back: what it did, whether that still stands, and the plan that undoes it. Prints nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.app.errors import Conflict, Refused
from bep.app.plans.kept_contents import kept_contents
from bep.app.plans.reviewing import with_facts
from bep.app.workspace.faces import contents_of
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.observed import Observed
    from bep.planner.options import Options
    from bep.planner.plan import Change, Plan, PlanFinding, Undo
    from bep.planner.state import Entry, State
    from bep.runner.folder.record import JobRecord
    from bep.schemas.address import Address
    from bep.schemas.resource import Resource


@dataclass(frozen=True)
class Rollback:
    """The plan that takes another back, what it writes, and what cannot be taken back."""

    plan: "Plan"
    resources: "tuple[Resource, ...]"
    left: "tuple[Undo, ...]"


def plan_to_undo(opened: "Reading", path: Path | None) -> "Plan":
    """The plan in the file, or the one last applied. Raises `Refused` or `Conflict` where there is none of here."""
    from bep.app.plans.applying import read_plan_file

    store = opened.store
    plan = read_plan_file(path) if path else store.kept_plan()
    if plan is None:
        raise Refused("no plan was applied here yet, or the last one is not kept any more\n    fix: name its file")
    if plan.lineage != opened.state.lineage:
        raise Conflict(f"it is a plan for the state of lineage {plan.lineage}, not {opened.state.lineage}")
    if plan.digest not in opened.state.applied_plans:
        raise Conflict("this plan was not applied here, or so long ago that bep no longer knows")
    return plan


def rollback_of(opened: "Reading", plan: "Plan", allow: Sequence[str]) -> Rollback:
    """What takes the plan back. Changes of it that were never made are passed over.

    Raises `DomainError` when something it did has been changed by a later apply: that one has to go first.
    """
    from bep.app.jobs.settling import at_stake
    from bep.planner.formats.planfile import signed
    from bep.planner.planning.rollback import inverse

    state = opened.state
    made = plan.model_copy(update={"changes": tuple(_made(plan, state))})
    kept = kept_contents(opened, made)
    back, left = inverse(made, state, kept)
    resources = tuple(_resource(opened, change) for change in back.changes if change.after is not None)
    jobs, are_known = at_stake(opened, back)
    options = _options(opened, back, jobs, allow, jobs_known=are_known)
    observed = opened.provider.read(state.entries)
    back = back.model_copy(update={"findings": _findings(back, state, observed, options)})
    if back.changes:
        back = with_facts(opened, back, resources, state, observed, options)
    return Rollback(signed(back, state.secret_key), resources, left)


def _made(plan: "Plan", state: "State") -> "Iterator[Change]":
    firsts: dict[Address, Change] = {}
    lasts: dict[Address, Change] = {}
    for change in plan.changes:
        firsts.setdefault(change.address, change)
        lasts[change.address] = change
    later = []
    for change in plan.changes:
        entry = state.entries.get(change.address)
        if _stands(lasts[change.address], entry):
            yield change
        elif not _as_before(firsts[change.address], entry):
            later.append(change.address)
    if later:
        raise Conflict(
            "a later apply changed what this plan did; nothing was taken back\n"
            + "\n".join(f"  {address}" for address in dict.fromkeys(later))
            + "\n    fix: take the later plan back first, or apply the earlier specs",
        )


def _stands(change: "Change", entry: "Entry | None") -> bool:
    return entry is None if change.after is None else entry is not None and entry.attributes == change.after


def _as_before(change: "Change", entry: "Entry | None") -> bool:
    return (entry.applied_at if entry else "") == change.applied_at


def _resource(opened: "Reading", change: "Change") -> "Resource":
    """What an inverse change writes, as specs would ask it; the bytes come from the provider's own store."""
    from bep.schemas.mark import Mark
    from bep.schemas.resource import Content, Lifecycle, Resource

    contents = {
        path: Content(
            local="",
            sha256=record.sha256,
            files=record.files,
            source=os.fspath(contents_of(opened).files),
        )
        for path, record in change.contents.items()
    }
    guards = Lifecycle(**vars(change.guards))
    return Resource(change.address, change.after or {}, Mark("the earlier plan", 1, 1), (), contents, guards)


def _options(
    opened: "Reading", back: "Plan", jobs: "Sequence[JobRecord]", allow: Sequence[str], *, jobs_known: bool
) -> "Options":
    from bep.app.job_records import failed_deployments, records, running_jobs
    from bep.planner.options import Options

    return Options(
        workspace=back.workspace,
        allow=tuple(allow),
        running_jobs=running_jobs(jobs),
        scored=frozenset(opened.state.entries),  # what gets the traffic back had it before
        takes_back=True,
        failed=failed_deployments(records(opened.home)),
        jobs_known=jobs_known,
    )


def _findings(
    back: "Plan", state: "State", observed: "Mapping[Address, Observed]", options: "Options"
) -> "tuple[PlanFinding, ...]":
    from bep.planner.planning.safety import Scene, safety_findings
    from bep.schemas.kinds.kind import load_kinds

    guarded = frozenset(address for address, entry in state.entries.items() if entry.guards.prevent_destroy)
    return safety_findings(Scene(back.changes, state, observed, load_kinds(), options, guarded, {}))
