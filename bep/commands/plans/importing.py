"""An import in front of a person or a machine: what was found, the YAML it needs, what comes next."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bep.console import Console
from bep.disk.durable import create_durably
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.importing import Found
    from bep.app.workspace.opening import Opened
    from bep.planner.plan import PlanFinding


def take_over(opened: "Opened", addresses: Sequence[str], out: Path | None, *, json_output: bool) -> None:
    """Find, write the YAML, take into state. The YAML is on disk before anything is taken."""
    from bep.app.plans.importing import found_in_world, plan_for, take_into_state, yaml_of
    from bep.app.workspace.opening import Opened
    from bep.app.workspace.write_access import must_write

    console = Console()
    must_write(opened)
    found = found_in_world(opened, addresses)
    undeclared = [one for one in found if not one.declared]
    if undeclared and out is not None:
        _check_new(out)
        _write_new(out, yaml_of(opened, undeclared, out.resolve().parent))
        opened = Opened(opened.root, opened.source)
        found = found_in_world(opened, addresses)
    plan = plan_for(opened, found)
    if plan is not None and plan.blocking:
        _refuse(console, plan.blocking)
    left = [one for one in found if not one.declared]
    text = yaml_of(opened, left, opened.root) if left and out is None else ""
    take_into_state(opened, found, plan, console.say)
    if json_output:
        rows = [{"address": one.address, "declared": one.declared} for one in found]
        console.result_json({"imported": rows, "file": str(out) if undeclared and out else None, "yaml": text or None})
        return
    _say(console, found, text, out if undeclared else None)


def take_over_all(opened: "Opened", kinds: Sequence[str], out: Path | None, *, json_output: bool) -> None:
    """The same for whatever the world has and the state has not; what no spec declares only where `out` is given."""
    from bep.app.plans.importing import not_in_state

    console = Console()
    found = not_in_state(opened, kinds)
    chosen = [one.address for one in found if one.declared or out is not None]
    left = [one.address for one in found if not one.declared and out is None]
    if chosen:
        take_over(opened, chosen, _file_in(out), json_output=json_output)
    elif json_output:
        console.result_json({"imported": [], "file": None, "yaml": None})
    if not found:
        console.say("Nothing to take over: the state has all that exists.")
    if left:
        named = ", ".join(left)
        console.say(f"Left alone, as no spec declares it: {named}. `-o FILE` takes it over and writes its YAML.")


def _file_in(out: Path | None) -> Path | None:
    return out / "imported.yml" if out is not None and out.is_dir() else out


def _say(console: Console, found: "Sequence[Found]", text: str, out: Path | None) -> None:
    for one in found:
        console.say(f"{one.address}: taken into the state")
    if out is not None:
        console.say(f"Its YAML is in {out}.")
    left = [one.address for one in found if not one.declared]
    if left:
        where = f"Add {out} to `specs:` in bep.yml" if out else "Keep this YAML in a spec"
        console.say(f"{where}: no spec declares {', '.join(left)} yet. Until one does, it is protected from deletion.")
    else:
        console.say("Next: `bep plan` shows where the specs ask for something else.")
    if text:
        console.result(text)


def _refuse(console: Console, findings: "Sequence[PlanFinding]") -> None:
    for found in findings:
        console.say(f"{found.address}: {found.message}\n    fix: {found.fix}")
    raise Stop(ExitCode.FINDINGS, "nothing was taken into the state")


def _check_new(path: Path) -> None:
    if path.exists():
        raise Stop(ExitCode.ERROR, f"{path} is there already, and is not overwritten\n    fix: name another file")


def _write_new(path: Path, text: str) -> None:
    """A whole new file, or none; never over another."""
    try:
        create_durably(path, text.encode(), mode=0o666)
    except FileExistsError:
        _check_new(path)
        raise
