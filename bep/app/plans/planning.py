"""Specs, state and world brought together into a plan. Decides nothing itself; the planner does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep import __version__
from bep.app.job_records import failed_deployments, needed_by_jobs, records, running_jobs, scored_deployments
from bep.app.workspace.clock import now
from bep.app.workspace.short_names import one_named, part_named
from bep.app.workspace.specs import specs_of
from bep.lazy_dataclasses import dataclass, replace
from bep.schemas.address import Address, kind_of

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.planner.facts import GivenValue
    from bep.planner.observed import Observed
    from bep.planner.options import Options
    from bep.planner.plan import Plan
    from bep.planner.state import Entry, State
    from bep.providers.state.store import Stored
    from bep.runner.folder.record import JobRecord
    from bep.schemas.resource import Resource
    from bep.schemas.specs.loading import Loaded


@dataclass(frozen=True)
class Asked:
    """What the options of a command ask of a plan. `to_be_applied`: the world is asked what would keep it from being
    carried out, and the policies judge it; neither is of use where no object is to be changed.
    """

    targets: Sequence[str] = ()
    excludes: Sequence[str] = ()
    replace: Sequence[str] = ()
    allow: Sequence[str] = ()
    refresh_only: bool = False
    no_refresh: bool = False
    destroy: bool = False
    imports: Sequence[str] = ()
    to_be_applied: bool = True
    since: Path | None = None
    """A plan that was kept earlier: what differs from it is told."""


def plan_of(opened: "Reading", asked: Asked) -> "Plan":
    """The plan for a workspace. Raises `SpecInvalid` with every finding when a spec is wrong.

    Reads, never writes: an interrupted apply is looked into, but its end is recorded by the next apply.
    """
    from bep.planner.formats.planfile import signed
    from bep.planner.planning.planning import Options, draft
    from bep.schemas.kinds.kind import load_kinds

    loaded = specs_of(opened)
    state, observed = _as_recorded(opened) if asked.no_refresh else _read(opened, loaded.resources)
    known = {*(resource.address for resource in loaded.resources), *state.entries}
    jobs = records(opened.home)
    options = Options(
        created_at=now(),
        bep_version=__version__,
        workspace=loaded.workspace.name,
        stage=loaded.workspace.stage or "",
        provider=loaded.workspace.provider,
        in_other_world=loaded.workspace.in_other_world,
        destroy=asked.destroy,
        refresh_only=asked.refresh_only,
        targets=tuple(part_named(name, known) for name in asked.targets) or _named(opened, loaded),
        excludes=tuple(part_named(name, known) for name in asked.excludes),
        replace=tuple(one_named(name, known) for name in asked.replace),
        imports=_imports(opened, asked),
        moved=_moved(opened),
        forget=_forgotten(opened),
        removed=frozenset(each.address for each in loaded.workspace.directives.removed if each.destroy),
        in_use=_in_use(opened, state, loaded.resources, jobs),
        keep_versions=loaded.workspace.keep_versions,
        allow=tuple(asked.allow),
        running_jobs=running_jobs(jobs),
        scored=scored_deployments(jobs),
        failed=failed_deployments(jobs),
        findings=tuple(loaded.findings),
        checks=loaded.workspace.conditions.checks,
        outputs=loaded.workspace.conditions.outputs,
        values=_values(loaded),
        uses=loaded.uses,
        notes=opened.notes,
    )
    made = draft(loaded.resources, state, observed, load_kinds(), options)
    if made.changes:
        from bep.app.plans.reviewing import with_facts

        theirs: list[JobRecord] = []
        are_known = opened.world.scoring is not None
        if opened.world.jobs is not None:
            from bep.app.jobs.settling import judged_with

            theirs, are_known = judged_with(opened, made)
        if theirs or not are_known:
            options = _with_jobs(options, theirs or jobs, are_known=are_known)
            made = draft(loaded.resources, state, observed, load_kinds(), options)
        made = with_facts(opened, made, loaded.resources, state, observed, options)
    asks = asked.to_be_applied and not (asked.no_refresh or opened.source.offline)
    if made.changes and asks and (preflight := opened.world.preflight) is not None:
        from bep.app.plans.looking_ahead import looked_ahead

        made = looked_ahead(preflight, made, loaded, options.allow)
    if asked.since is not None:
        from bep.app.plans.reviewing import with_since

        made = with_since(made, asked.since)
    made = signed(made, state.secret_key)
    if not asked.to_be_applied or not (loaded.workspace.policies or opened.source.policies_from):
        return made
    from bep.app.plans.policies.judging import judged

    return judged(opened, made, state.secret_key)


def _with_jobs(options: "Options", jobs: "Sequence[JobRecord]", *, are_known: bool) -> "Options":
    """What jobs say of the deployments that they were begun with."""
    return replace(
        options,
        running_jobs=running_jobs(jobs),
        scored=scored_deployments(jobs),
        failed=failed_deployments(jobs),
        jobs_known=are_known,
    )


def _values(loaded: "Loaded") -> "tuple[GivenValue, ...]":
    """The variables that the specs use, as a plan tells them; what is a secret is masked."""
    if not loaded.variables:
        return ()
    from bep.planner.facts import given_value

    return tuple(
        given_value(one.name, one.value, one.source, one.place, sensitive=one.sensitive) for one in loaded.variables
    )


def _named(opened: "Specs", loaded: "Loaded") -> tuple[Address, ...]:
    """What the named files declare: of the rest of a workspace nothing is to be done, and nothing is gone."""
    return loaded.named if opened.glanced.variables is not None else ()


def _in_use(
    opened: "Reading", state: "State", resources: "Sequence[Resource]", jobs: "Sequence[JobRecord]"
) -> "Mapping[Address, str]":
    """What jobs need, and what taking back the last plan needs, with the reason in words; looked up only where a
    registered version has left the specs."""
    from bep.schemas.kinds.kind import is_registered

    declared = {resource.address for resource in resources}
    if not any(is_registered(kind_of(address)) for address in state.entries if address not in declared):
        return {}
    last = opened.store.kept_plan()
    prior = {address for change in last.changes for address in change.prior_references} if last else set()
    return dict.fromkeys(prior, "taking back the last plan needs it") | needed_by_jobs(jobs, state)


def _imports(opened: "Specs", asked: Asked) -> tuple[Address, ...]:
    declared = {resource.address for resource in opened.loaded.resources}
    wishes = [wish.address for wish in opened.loaded.workspace.directives.imports if wish.address in declared]
    return tuple(dict.fromkeys([*(Address(text) for text in asked.imports), *wishes]))


def _moved(opened: "Reading") -> "Mapping[Address, Address]":
    """What bep.yml says has moved and state does not know yet: once carried out, a line there asks for nothing."""
    declared = {resource.address for resource in opened.loaded.resources}
    moves = opened.loaded.workspace.directives.moved
    return {
        move.source: move.target
        for move in moves
        if move.source in opened.state.entries and move.source not in declared and move.target in declared
    }


def _forgotten(opened: "Reading") -> tuple[Address, ...]:
    declared = {resource.address for resource in opened.loaded.resources}
    removed = [each.address for each in opened.loaded.workspace.directives.removed if not each.destroy]
    return tuple(address for address in removed if address in opened.state.entries and address not in declared)


def _read(opened: "Reading", resources: "Sequence[Resource]") -> "tuple[State, Mapping[Address, Observed]]":
    """The world as it is now, and the state of the same moment, although another apply may be changing both."""
    from bep.providers.applying.refreshing import refresh

    before = opened.state
    observed = refresh(opened.provider, before, resources)
    later = opened.store.load() if opened.store.is_moving else None
    return (later.state, beside_an_apply(before, later, observed)) if later else (before, observed)


def beside_an_apply(
    before: "State", later: "Stored", observed: "Mapping[Address, Observed]"
) -> "dict[Address, Observed]":
    """The world for a plan that is made while an apply runs: what that one is busy with counts as its record says.

    `before` was read ahead of the world and `later` after it. An address that has another entry by then, or an
    intent without an outcome, was being changed meanwhile, so what was seen of it fits neither.
    """
    known, entries = before.entries, later.state.entries
    busy = {address for address in {*known, *entries} if known.get(address) != entries.get(address)}
    busy |= {intent.address for intent in later.pending}
    recorded = _recorded({address: entries[address] for address in busy if address in entries})
    return {address: seen for address, seen in observed.items() if address not in busy} | recorded


def _as_recorded(opened: "Reading") -> "tuple[State, Mapping[Address, Observed]]":
    return opened.state, _recorded(opened.state.entries)


def _recorded(entries: "Mapping[Address, Entry]") -> "dict[Address, Observed]":
    """The world as the state has it, for what is not to be looked at."""
    from bep.planner.observed import Condition, Observed

    return {
        address: Observed(
            entry.observed,
            entry.etag,
            entry.operation,
            entry.contents,
            Condition.READY if entry.etag else Condition.FAILED,  # see `Entry`
        )
        for address, entry in entries.items()
    }
