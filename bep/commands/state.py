"""`bep state`: what bep last knew, for those who look after it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import Json, LockTimeout
from bep.commands.repairing import repair
from bep.formatting import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bep.console import Console

app = Commands(no_args_is_help=True)

Query = Annotated[str, Option("--query", metavar="JMESPATH", help="Only a part of it.")]


@app.callback()
def state() -> None:
    """Look at the state and mend it.

    The state is what bep last knew of each resource; `bep show` also asks the world.

    No command here touches an object of the world. Those that change the state hold its lock, and
    a copy of each of the last ten states stays.

    \b
    Examples:
      bep state list deployment/
      bep state show deployment/mybatchedp/blue
      bep state rm deployment/mybatchedp/blue     the object stays, bep no longer looks after it
      bep state pull > copy.json
      bep state restore                           which copies there are
      bep state migrate                           after `state:` in bep.yml was changed
      bep state repair                            are the stored bytes what they should be?
    """


@app.command("list")
def list_entries(
    prefix: Annotated[str, Argument(help="Only addresses that begin so.")] = "",
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.TSV,
    query: Query = "",
) -> None:
    """List the addresses in the state, one a line."""
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    known = here_to_read(console).recorded.entries
    addresses = [address for address in sorted(known) if address.startswith(prefix)]
    if addresses or output is not Format.TSV:
        console.result(formatted(queried(addresses, query), output))


@app.command()
def show(
    address: Annotated[str, Argument(help="An address that `bep state list` prints.")],
    output: Annotated[Format, Option("--output", "-o", help="How to write it.")] = Format.YAML,
    query: Query = "",
) -> None:
    """Show one entry as it is kept, secrets as digests."""
    from bep.app.workspace.showing import entry_of
    from bep.commands.reading import here_to_read
    from bep.console import Console
    from bep.formatting import formatted, queried

    console = Console()
    entry = entry_of(here_to_read(console).recorded, address)
    console.result(formatted(queried(entry.model_dump(mode="json", exclude_defaults=True), query), output))


@app.command()
def rm(
    addresses: Annotated[list[str], Argument(metavar="ADDRESS", help="Entries to drop.")],
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be dropped.")] = False,
    json_output: Json = False,
    lock_timeout: LockTimeout = 0,
) -> None:
    """Drop entries from the state. The objects stay, and bep no longer looks after them.

    While a spec still declares one, `bep plan` says that it already exists: take it back with
    `bep import`, or take the spec away. To drop it with the specs of a team, see `removed:` in bep.yml.

    \b
    Examples:
      bep state rm deployment/mybatchedp/blue
      bep state rm --dry-run blue green
    """
    from bep.app.upkeep.state_editing import editing, remove
    from bep.app.workspace.opening import workspace_here
    from bep.app.workspace.showing import entry_of
    from bep.console import Console

    console, opened = Console(), workspace_here()
    if dry_run:
        dropped = [entry_of(opened.recorded, name) for name in addresses]
    else:
        with editing(opened, "bep state rm", console.say, lock_timeout=lock_timeout) as session:
            dropped = remove(session, addresses)
    if json_output:
        console.result_json({"dropped": [entry.address for entry in dropped], "dry_run": dry_run})
        return
    console.result("\n".join(f"{entry.address}: {'would be ' * dry_run}dropped" for entry in dropped))
    if not dry_run:
        from bep.command_words import program

        console.say(f"The objects are as they were. `{program()} import ADDRESS` takes one back.")


@app.command()
def mv(
    old: Annotated[str, Argument(metavar="OLD", help="An address in the state.")],
    new: Annotated[str, Argument(metavar="NEW", help="The address of the object that it is now.")],
    json_output: Json = False,
    lock_timeout: LockTimeout = 0,
) -> None:
    """Follow an object that was renamed outside bep: NEW takes the place of OLD in the state.

    An address is the object's own name, so this cannot rename anything: NEW must exist. Its guards
    (prevent_destroy and the like) go with it. With the specs of a team, see `moved:` in bep.yml.

    \b
    Examples:
      bep state mv deployment/mybatchedp/blue deployment/mybatchedp/green
    """
    from bep.app.upkeep.state_editing import editing, move
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    console, opened = Console(), workspace_here()
    with editing(opened, "bep state mv", console.say, lock_timeout=lock_timeout) as session:
        moved = move(opened, session, old, new)
    if json_output:
        console.result_json({"from": old, "to": moved.address})
    else:
        console.result(f"{old} is {moved.address} now.")


@app.command()
def pull() -> None:
    """Write the whole state to stdout, what an apply that runs has recorded so far included.

    It holds no secret, but the key that the digests standing for secrets are made with: keep it as
    private as the state file.

    \b
    Examples:
      bep state pull > copy.json
    """
    from bep.app.upkeep.state_editing import pulled
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    Console().result(pulled(workspace_here()))


@app.command()
def push(
    file: Annotated[Path, Argument(metavar="FILE", help="A state, as `bep state pull` writes it.")],
    force: Annotated[
        bool, Option("--force", help="Even if it is older, or of another history. What was there is kept.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Put a state in place of the one that is there, if it follows that one.

    It must be of the same lineage (the same history) and its serial no lower.

    \b
    Examples:
      bep state push copy.json

    \b
    Exit codes: 0 in place, 1 it is no state, 4 it does not follow the one there, or that one is locked.
    """
    from bep.app.upkeep.state_editing import push as put
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    state, aside = put(workspace_here(), file, force=force)
    _say_in_place(Console(), state.serial, len(state.entries), aside, json_output)


@app.command()
def restore(
    source: Annotated[
        str, Argument(metavar="SERIAL|FILE", help="A copy's serial, or a state file. Without it: list copies.")
    ] = "",
    output: Annotated[Format, Option("--output", "-o", help="How to list the copies.")] = Format.TABLE,
    json_output: Json = False,
) -> None:
    """Put a kept copy of the state, or any good state file, in place. What was there is kept beside it.

    The world stays as it is: the next `bep plan` shows where it differs from the copy.

    \b
    Examples:
      bep state restore             which copies there are
      bep state restore 41
      bep state restore .bep/state.json.rescued-20261122T211530Z-4711
    """
    from bep.app.upkeep.state_editing import copies
    from bep.app.upkeep.state_editing import restore as put_back
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console
    from bep.formatting import formatted

    console = Console()
    if not source:
        rows = copies(workspace_here())
        if rows or json_output or output is not Format.TABLE:
            console.result(formatted(rows, Format.JSON if json_output else output))
        else:
            console.say("There is no copy yet: nothing has been applied here.")
        return
    state, aside = put_back(workspace_here(), int(source) if source.isdecimal() else Path(source))
    _say_in_place(console, state.serial, len(state.entries), aside, json_output)


@app.command()
def migrate(
    source: Annotated[
        str,
        Argument(metavar="[FROM]", help="Where it was: a path, or what bep.yml said under `state`."),
    ] = "",
    lock_timeout: LockTimeout = 0,
    json_output: Json = False,
) -> None:
    """Move the state to where bep.yml says it is kept now, with its copies.

    Change `state:` in bep.yml first. Both places are locked; at no moment have both of them the state. Whoever still
    opens the old one is told where it went. Interrupted, it goes on when it is called again.

    \b
    Examples:
      bep state migrate                                 from .bep/state.json, or the stage's own
      bep state migrate old/state.json
      bep state migrate 'azure_blob: {account_url: https://me.blob.core.windows.net, container: c, blob: s.json}'

    \b
    Exit codes: 0 moved, 1 there is nothing to move, 4 a state is at both places, or one of them is locked.
    """
    from bep.app.upkeep.state_editing import migrate as move
    from bep.app.workspace.opening import workspace_here
    from bep.console import Console

    console, opened = Console(), workspace_here()
    state, source_place = move(opened, source, lock_timeout=lock_timeout)
    moved = {"serial": state.serial, "resources": len(state.entries), "from": str(source_place)}
    if json_output:
        console.result_json({**moved, "to": str(opened.store.path)})
        return
    console.result(
        f"The state, at serial {state.serial} with {len(state.entries)} resources, is {opened.store.path} now."
    )
    console.say(f"It was {source_place}, which now says where it went.")


app.command()(repair)


def _say_in_place(
    console: "Console", serial: int, resources: int, aside: "Sequence[Path | str]", json_output: bool
) -> None:
    if json_output:
        console.result_json({"serial": serial, "resources": resources, "replaced": [str(path) for path in aside]})
        return
    console.result(f"The state is at serial {serial} now, with {resources} resources.")
    for path in aside:
        console.say(f"What it replaced is kept as {path}")
    from bep.command_words import program

    console.say(f"Next: `{program()} plan` shows where the world differs.")
