"""An import in front of a person or a machine: what was found, the YAML it needs, what comes next."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeGuard

from bep.command_words import plan_findings_said, program
from bep.console import Console
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.imports.declaring import Found
    from bep.app.plans.imports.folder import Folder
    from bep.app.workspace.opening import Opened
    from bep.planner.plan import PlanFinding

_SHOWN: Final = 10  # files


def take_over(opened: "Opened", addresses: Sequence[str], out: Path | None, *, json_output: bool) -> None:
    """Take objects into the state, and say what that needs next. Ends in `Stop` where findings stand against it."""
    from bep.app.plans.imports.objects import ImportRefused
    from bep.app.plans.imports.objects import take_over as take

    if _is_folder(out):
        _into_folder(opened, (), out, json_output=json_output, names=addresses)
        return
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
    from bep.app.plans.imports.objects import chosen_of_all

    if _is_folder(out):
        _into_folder(opened, kinds, out, json_output=json_output)
        return
    console = Console()
    chosen, left = chosen_of_all(opened, kinds, with_undeclared=out is not None)
    if chosen:
        take_over(opened, chosen, out, json_output=json_output)
    elif json_output:
        console.result_json({"imported": [], "file": None, "yaml": None})
    if not chosen and not left:
        console.say("Nothing to take over: the state has all that exists.")
    if left:
        named = ", ".join(left)
        console.say(f"Left alone, as no spec declares it: {named}. `-o FILE` takes it over and writes its YAML.")


def _is_folder(out: Path | None) -> TypeGuard[Path]:
    if out is None:
        return False
    from bep.app.plans.imports.folder import is_folder

    return is_folder(out)


def _into_folder(
    opened: "Opened", kinds: Sequence[str], out: Path, *, json_output: bool, names: Sequence[str] = ()
) -> None:
    from bep.app.plans.imports.folder import take_over_folder
    from bep.app.plans.imports.objects import ImportRefused

    console = Console()
    try:
        folder = take_over_folder(opened, kinds, out, console.say, names=names)
    except ImportRefused as refused:
        _refuse(console, refused.findings)
    for address, why in folder.left_out.items():
        console.warn(f"{address} is left out: {why}")
    if json_output:
        rows = [{"address": address, "declared": not folder.line} for address in folder.addresses]
        rest = {"files": list(folder.files), "left_out": folder.left_out, "line": folder.line or None}
        console.result_json({"imported": rows, "file": None, "yaml": None, **rest})
        return
    _say_folder(console, folder)


def _say_folder(console: Console, folder: "Folder") -> None:
    if not folder.addresses:
        console.say("Nothing to take over: the state has all that can be taken.")
        return
    for address in folder.addresses:
        console.say(f"{address}: taken into the state")
    for of, fields in folder.unread.items():
        console.say(f"{of}: {', '.join(fields)} cannot be read back: not in its YAML, and left as it is there.")
    if folder.files:
        more = f" and {len(folder.files) - _SHOWN} more" if len(folder.files) > _SHOWN else ""
        console.say(f"Written: {', '.join(folder.files[:_SHOWN])}{more}.")
    if folder.secrets:
        console.say(
            f"Set {', '.join(folder.secrets)} first: the specs ask for these secrets, and nobody can read them."
        )
    if folder.line:
        told = "Until then, what they declare is protected from deletion."
        console.say(f"Add `- {folder.line}` to `specs:` in bep.yml. {told}")
    console.say(f"Next: `{program()} plan`.")


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
        console.say(f"Next: `{program()} plan` shows where the specs ask for something else.")
    if text:
        console.result(text)


def _refuse(console: Console, findings: "Sequence[PlanFinding]") -> NoReturn:
    for found in plan_findings_said(findings):
        console.say(f"{found.address}: {found.message}\n    fix: {found.fix}")
    raise Stop(ExitCode.FINDINGS, "nothing was taken into the state")
