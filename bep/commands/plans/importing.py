"""An import in front of a person or a machine: what was found, the YAML it needs, what comes next."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bep.command_words import plan_findings_said
from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.importing import Found
    from bep.app.workspace.opening import Opened
    from bep.planner.plan import PlanFinding


def take_over(opened: "Opened", addresses: Sequence[str], out: Path | None, *, json_output: bool) -> None:
    """Take objects into the state, and say what that needs next. Ends in `Stop` where findings stand against it."""
    from bep.app.plans.importing import ImportRefused
    from bep.app.plans.importing import take_over as take

    console = Console()
    try:
        taken = take(opened, addresses, out, console.say)
    except ImportRefused as refused:
        _refuse(console, refused.findings)
    if json_output:
        rows = [{"address": one.address, "declared": one.declared} for one in taken.found]
        file = str(taken.file) if taken.file else None
        console.result_json({"imported": rows, "file": file, "yaml": taken.yaml or None})
        return
    _say(console, taken.found, taken.yaml, taken.file)


def take_over_all(opened: "Opened", kinds: Sequence[str], out: Path | None, *, json_output: bool) -> None:
    """The same for whatever the world has and the state has not; what no spec declares only where `out` is given."""
    from bep.app.plans.importing import chosen_of_all

    console = Console()
    chosen, left = chosen_of_all(opened, kinds, with_undeclared=out is not None)
    if chosen:
        take_over(opened, chosen, _file_in(out), json_output=json_output)
    elif json_output:
        console.result_json({"imported": [], "file": None, "yaml": None})
    if not chosen and not left:
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


def _refuse(console: Console, findings: "Sequence[PlanFinding]") -> NoReturn:
    for found in plan_findings_said(findings):
        console.say(f"{found.address}: {found.message}\n    fix: {found.fix}")
    raise Stop(ExitCode.FINDINGS, "nothing was taken into the state")
