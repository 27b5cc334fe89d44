"""The outputs and checks of a workspace, after what was done. Reads state and world; prints nothing."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from bep.app.errors import Refused
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.next_step import step
from bep.schemas.workspace.conditions import EVERYTHING
from bep.schemas.workspace.measuring import unsealed

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading, Specs
    from bep.app.workspace.opening import Opened
    from bep.planner.plan import PlanFinding
    from bep.schemas.workspace.conditions import Output


def reopened(opened: "Specs") -> "Opened":
    """The same workspace with its specs as they were read, and its state as it is now."""
    from bep.app.workspace.opening import Opened

    fresh = Opened(opened.root, opened.source)
    fresh.loaded = opened.loaded
    return fresh


def outputs(opened: "Reading") -> dict[str, Any]:
    """Every output's value by its name, as bep last saw it; None where its resource is not in state."""
    return {each.name: _value(opened, each) for each in opened.loaded.workspace.conditions.outputs}


def output_named(opened: "Reading", name: str) -> Any:
    """One output's value. Raises `DomainError` with the nearest names, or where its resource has not been applied."""
    found = {each.name: each for each in opened.loaded.workspace.conditions.outputs}
    if name not in found:
        near = did_you_mean(name, found) or "bep.yml declares them under `outputs:`."
        raise Refused(f"no output is called {name!r}. {near}")
    if found[name].address not in (EVERYTHING, *opened.state.entries):
        raise Refused(f"{name}: {found[name].address} has not been applied yet", next=(step("apply"),))
    return _value(opened, found[name])


def _value(opened: "Reading", output: "Output") -> Any:
    from bep.schemas.workspace.conditions import queried

    entries = opened.state.entries
    if output.address == EVERYTHING:
        there: Any = {address: entry.observed for address, entry in entries.items()}
    elif output.address in entries:
        there = entries[output.address].observed
    else:
        return None
    try:
        return queried(unsealed(there), output.query)
    except ValueError as problem:
        raise Refused(f"output {output.name}: {output.query}: {problem}") from None


def checks_after(opened: "Reading", allow: Collection[str] = ()) -> "tuple[PlanFinding, ...]":
    """The checks that do not hold of the world now, an apply having been done; those in `allow` marked so."""
    from bep.planner.planning.planning import allowable
    from bep.schemas.workspace.conditions import When, unmet

    checks = [check for check in opened.loaded.workspace.conditions.checks if check.when is not When.PLAN]
    addresses = {address for check in checks for address in check.about(opened.state.entries)}
    if not addresses:
        return ()
    there = {address: seen.attributes for address, seen in opened.provider.read(sorted(addresses)).items()}
    return tuple(allowable(found, allow) for found in unmet(checks, there))
