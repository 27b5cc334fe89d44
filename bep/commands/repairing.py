"""`bep state repair`: stored bytes compared with their digests, and put back where the specs' files have them."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Option
from bep.commands.options import Json
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.upkeep.repairing import Damage, Repaired
    from bep.app.workspace.opening import Opened


def repair(
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what is damaged, and what would mend it.")] = False,
    json_output: Json = False,
) -> None:
    """Read the stored bytes of models, code and data, and put back what the specs' own files still have.

    Every stored file is read and compared with its digest, whatever its time says. The objects, their
    versions and the traffic stay as they are. What no file of the specs has is named, with where a file
    with these bytes would have to be put.

    \b
    Examples:
      bep state repair --dry-run
      bep state repair
      bep state repair --json --dry-run

    \b
    Exit codes: 0 all is sound, or is so again; 5 something is damaged still.
    """
    from bep.app.upkeep.repairing import repair as put_back
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    console, opened = Console(), workspace_here()
    found = put_back(opened, console.say, dry_run=dry_run)
    if json_output:
        damages = [damage.as_json() for damage in found.damages]
        console.result_json({"read": found.read, "damaged": damages, "dry_run": dry_run})
    else:
        console.result("\n".join(_lines(opened, found, dry_run)))
    if found.left:
        raise Stop(ExitCode.PROVIDER)


def _lines(opened: "Opened", found: "Repaired", dry_run: bool) -> "list[str]":
    lines = [line for damage in found.damages for line in _of(opened, damage, dry_run)]
    if not found.damages:
        return [f"All {found.read} stored files are intact."]
    mended = len(found.damages) - found.left
    return [*lines, f"{found.read} stored files read, {len(found.damages)} damaged, {mended} put back."]


def _of(opened: "Opened", damage: "Damage", dry_run: bool) -> "list[str]":
    from bep.app.upkeep.repairing import shown

    what = f"is {damage.what}" if damage.what == "gone" else "was changed"
    names = [f"{use.address}: {use.name} {what}" for use in damage.uses]
    lines = names or [f"{shown(opened, damage.place)} {what}, and nothing uses it"]
    if damage.mend is not None:
        return [*lines, f"    {'would be ' if dry_run else ''}put back from {shown(opened, damage.mend)}"]
    if not damage.uses:
        return lines
    place = shown(opened, damage.place)
    return [
        *lines,
        f"    no file of the specs has these bytes; a file with sha256 {damage.sha256} mends it, at {place}",
    ]
