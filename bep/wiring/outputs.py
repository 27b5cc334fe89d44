"""The outputs and checks of a workspace, after what was done. Reads state and world; prints nothing."""

from typing import TYPE_CHECKING, Any

from bep.exit_codes import ExitCode, Stop
from bep.schemas.nearest import did_you_mean

if TYPE_CHECKING:
    from bep.schemas.conditions import Output
    from bep.schemas.finding import Finding
    from bep.wiring.opening import Opened


def outputs(opened: "Opened") -> dict[str, Any]:
    """Every output's value by its name, as bep last saw it; None where its resource is not in state."""
    return {each.name: _value(opened, each) for each in opened.loaded.workspace.conditions.outputs}


def output_named(opened: "Opened", name: str) -> Any:
    """One output's value. Raises `Stop` with the nearest names, or where its resource has not been applied."""
    found = {each.name: each for each in opened.loaded.workspace.conditions.outputs}
    if name not in found:
        near = did_you_mean(name, found) or "bep.yml declares them under `outputs:`."
        raise Stop(ExitCode.ERROR, f"no output is called {name!r}. {near}")
    if found[name].address not in opened.state.entries:
        raise Stop(ExitCode.ERROR, f"{name}: {found[name].address} has not been applied yet\n    fix: bep apply")
    return _value(opened, found[name])


def _value(opened: "Opened", output: "Output") -> Any:
    from bep.schemas.conditions import queried

    entry = opened.state.entries.get(output.address)
    if entry is None:
        return None
    try:
        return unsealed(queried(entry.observed, output.query))
    except ValueError as problem:
        raise Stop(ExitCode.ERROR, f"output {output.name}: {output.query}: {problem}") from None


def unsealed(value: Any) -> Any:
    """The value with a word in place of each secret."""
    from bep.schemas.secret import is_sealed

    if is_sealed(value):
        return "(sensitive)"
    if isinstance(value, dict):
        return {name: unsealed(below) for name, below in value.items()}
    return [unsealed(below) for below in value] if isinstance(value, list) else value


def checks_after(opened: "Opened") -> "tuple[Finding, ...]":
    """The checks that do not hold of the world now."""
    from bep.wiring.planning import failed_checks

    addresses = {check.address for check in opened.loaded.workspace.conditions.checks}
    return failed_checks(opened, opened.provider.read(sorted(addresses))) if addresses else ()
