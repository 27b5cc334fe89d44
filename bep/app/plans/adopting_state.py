"""What exists already, taken into state without touching it: imports, and drift that the specs have followed."""

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

from bep.app.errors import WorldFailed
from bep.app.plans.planning import Asked, plan_of
from bep.app.workspace.clock import now, operation_id
from bep.planner.state import Guards
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Writing
    from bep.planner.plan import Plan
    from bep.planner.state import Entry
    from bep.providers.state.session import Session


def state_only(opened: "Reading", addresses: Sequence[Address], *, imports: Sequence[Address] = ()) -> "Plan":
    """The part of a plan that only teaches the state what is so already, for these addresses.

    Its findings are those of these addresses; what would change an object is left for the next plan.
    """
    from bep.planner.formats.planfile import signed
    from bep.planner.plan import Action

    whole = plan_of(opened, Asked(targets=tuple(addresses), imports=tuple(imports), to_be_applied=False))
    changes = tuple(
        change.model_copy(update={"needs": ()})
        for change in whole.changes
        if change.action is Action.ADOPT and change.address in addresses
    )
    findings = tuple(found for found in whole.findings if found.address in addresses)
    part = whole.model_copy(update={"changes": changes, "findings": findings, "rollback": (), "drift": ()})
    return signed(part, opened.state.secret_key)


def remember(opened: "Writing", plan: "Plan", session: "Session") -> None:
    """Carry out a plan that only changes state. Raises `PlanStale` where the object is another by now."""
    from bep.providers.applying.applying import apply

    if not plan:
        return
    report = apply(
        plan,
        opened.loaded.resources,
        session,
        opened.provider,
        report=lambda event: None,
        stop=Event(),
        clock=now,
        operation_ids=operation_id,
    )
    if report.broken is not None:
        raise report.broken
    if not report.ok:
        raise WorldFailed("; ".join(f"{r.change.address}: {r.message}" for r in report.results))


def take(opened: "Reading", addresses: Sequence[Address], session: "Session") -> "list[Entry]":
    """Take objects into state as they are, whatever the specs ask; what no spec declares is protected until one does.

    Without the protection the next apply would delete what was only just taken over.
    """
    from bep.planner.wanted import guards_of, records, references_of
    from bep.providers.applying.entries import found_entry
    from bep.providers.state.editing import set_entries

    declared = {resource.address: resource for resource in opened.loaded.resources}
    observed, entries = opened.provider.read(addresses), []
    for address in addresses:
        entry = found_entry(address, observed[address], None, now())
        if (wanted := declared.get(address)) is None:
            known: dict[str, object] = {"guards": Guards(prevent_destroy=True)}
        else:
            known = {"guards": guards_of(wanted), "references": references_of(wanted)}
            known |= {"contents": records(wanted.contents)}
        entries.append(entry.model_copy(update=known))
    set_entries(session, {entry.address: entry for entry in entries})
    return entries
