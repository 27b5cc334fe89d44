"""`bep gc`: what nothing refers to any more in the store and among downloads. Knows no digest and no lock."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import AutoApprove, Json, LockTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bep.app.upkeep.collecting import Unreferenced

app = Commands()

_STORED = "stored file"


@app.command()
def gc(
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be freed.")] = False,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0,
    json_output: Json = False,
) -> None:
    """Free what nothing refers to any more in the store and among downloads, after asking.

    What stays: the files of every object that is applied, what the state names, what a job needs that is
    not over or has failed items, and downloads of addresses that are applied. The rest goes: bytes of
    deleted objects and versions, copies that a kill left half, downloads of inputs, which are fetched
    again when a job asks for them. What `bep rollback` would need to bring back deleted objects goes, too;
    jobs, their outputs, copies of states and environments (see `bep env prune`) stay.

    \b
    Examples:
      bep gc --dry-run
      bep gc
      bep gc --auto-approve --json

    \b
    Exit codes: 0 freed, or there was nothing to free; 1 the answer was not yes; 4 an apply is running, or
    a job is about to begin; 5 it cannot be told what is referred to.
    """
    from bep.app.upkeep.collecting import free, unreferenced
    from bep.app.workspace.opening import here
    from bep.console import Console

    console, opened = Console(), here()
    everything = unreferenced(opened)
    found = everything.free
    if everything.holding:
        console.say(f"Kept for jobs that could go on: {', '.join(everything.holding)}")
    if found and not dry_run:
        console.say("\n".join(_lines(found)))
        if any(one.what == _STORED for one in found):
            console.say("What `bep rollback` would need to bring deleted objects back goes with it.")
        if not auto_approve:
            console.confirm(f"Free {_size(found)}?")
    gone = free(opened, found, console.say, lock_timeout) if found and not dry_run else []
    shown = found if dry_run else gone
    if json_output:
        rows = [{"what": one.what, "place": str(one.place), "bytes": one.size} for one in shown]
        size = sum(one.size for one in shown)
        jobs = list(everything.holding)
        console.result_json({"dry_run": dry_run, "bytes": size, "unreferenced": rows, "kept_for_jobs": jobs})
    elif not found:
        console.result("Nothing to free: all is referred to.")
    elif dry_run:
        console.result("\n".join([*_lines(found), f"{_size(found)} would be freed."]))
    else:
        console.result(f"{_size(gone)} freed.")


def _lines(found: "Sequence[Unreferenced]") -> list[str]:
    """A line for each sort of thing."""
    sorts: dict[str, list[Unreferenced]] = {}
    for one in found:
        sorts.setdefault(one.what, []).append(one)
    return [f"  - {_number(len(each), what)}, {_size(each)}" for what, each in sorts.items()]


def _number(count: int, what: str) -> str:
    several = {"unfinished copy": "unfinished copies", "folder of an earlier bep": "folders of an earlier bep"}
    return f"1 {what}" if count == 1 else f"{count} {several.get(what, what + 's')}"


def _size(found: "Sequence[Unreferenced]") -> str:
    return f"{sum(one.size for one in found) / 1e6:,.1f} MB"
