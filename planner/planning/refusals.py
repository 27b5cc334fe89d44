"""Findings about one resource that cannot be planned as asked. Values only."""

from collections.abc import Sequence

from bep.planner.fields import dotted
from bep.planner.plan import FieldDiff, PlanFinding
from bep.planner.planning.advice import SHOW_STATE, take_over
from bep.planner.wanted import Wanted
from bep.schemas.address import Address, kind_of, names_of


def error(
    code: str, address: str, message: str, fix: str, wanted: Wanted | None = None, *, severity: str = "error"
) -> PlanFinding:
    """A finding at the place where the resource is declared, if it is."""
    if wanted is None:
        return PlanFinding(severity=severity, code=code, address=address, message=message, fix=fix)
    mark = wanted.mark
    return PlanFinding(
        severity=severity,
        code=code,
        address=address,
        message=message,
        fix=fix,
        file=mark.file,
        line=mark.line,
        column=mark.column,
    )


def already_exists(wanted: Wanted) -> PlanFinding:
    """A wish for something that is there and that bep did not make."""
    message = "it already exists, and bep did not create it; bep overwrites nothing it did not create"
    fix = f"take it over with {take_over(wanted.address)}, or declare another name"
    return error("already-exists", wanted.address, message, fix, wanted)


def in_progress(wanted: Wanted) -> PlanFinding:
    """A wish for something that the world is at work on."""
    message = "it is still being created, and the result is not known yet"
    return error("in-progress", wanted.address, message, "plan again when it is ready", wanted)


def nothing_to_import(wanted: Wanted) -> PlanFinding:
    """An import, or a move, whose object is not there."""
    message = "an import was requested, but the provider has no such object"
    return error("nothing-to-import", wanted.address, message, "leave out the import, and bep creates it", wanted)


def import_undeclared(address: Address) -> PlanFinding:
    """An import without a wish: the next plan would delete what was just imported."""
    message = "an import was requested, but no spec declares it"
    return error("import-undeclared", address, message, "declare it first; the next plan would delete it otherwise")


def registered_changed(wanted: Wanted, diffs: Sequence[FieldDiff], *, in_world: bool) -> PlanFinding:
    """The same name and version with something else in it."""
    fields = ", ".join(dotted(diff.path) for diff in diffs)
    files = [line for diff in diffs for line in diff.files]
    version = names_of(wanted.address)[-1]
    whose = "what is registered differs from what is declared in" if in_world else "it is registered with a different"
    message = f"version {version} cannot change, and {whose} {fields}" + (": " + ", ".join(files) if files else "")
    fix = f"bump the version of this {kind_of(wanted.address)}: registered versions never change"
    return error("registered-content-changed", wanted.address, message, fix, wanted)


def unknown_address(option: str, address: str) -> PlanFinding:
    """An option that names nothing."""
    message = f"{option} names it, but neither the specs nor the state have it"
    return error("unknown-target", address, message, f"{SHOW_STATE} shows the addresses in state")


def reference_cycle(members: Sequence[Address]) -> PlanFinding:
    """Resources that each wait for the next."""
    around = " -> ".join((*members, members[0]))
    message = f"each of these refers to the next, so none can come first: {around}"
    return error("reference-cycle", members[0], message, "take one of the references out")


def still_referenced(address: Address, referrers: Sequence[Address]) -> PlanFinding:
    """A deletion that would leave a name dangling."""
    named = ", ".join(referrers[:5]) + (f" and {len(referrers) - 5} more" if len(referrers) > 5 else "")
    message = f"it is to be deleted, but {named} still refers to it"
    fix = "declare it again, or change what refers to it"
    return error("still-referenced", address, message, fix)
