"""`bep unlock`: take away a lock whose owner is gone."""

from typing import Annotated

from bep.command_line.declaring import Argument, Commands
from bep.commands.options import Json

app = Commands()


@app.command()
def unlock(
    id: Annotated[str, Argument(help="The lock's id, as the message of the command that met it says.")],
    json_output: Json = False,
) -> None:
    """Take away the lock of an apply that is known to be gone.

    A lock whose owner died on this machine needs no unlocking: the next command takes it over. This
    is for an owner on another machine, which cannot be seen from here. A lock whose owner is at
    work on this machine is not taken away.

    \b
    Examples:
      bep unlock 3f2a9c01d4e7

    \b
    Exit codes: 0 taken away, 4 it is not that lock, nobody holds it, or its owner is at work.
    """
    from bep.app.upkeep.state_editing import unlock as take_away
    from bep.app.workspace.opening import here
    from bep.console import Console

    console = Console()
    holder = take_away(here(), id)
    if json_output:
        from bep.lazy_dataclasses import asdict

        console.result_json(asdict(holder))
    else:
        from bep.command_words import program

        console.result(f"The lock is removed. It was {holder}.\nLook with `{program()} plan` at what that left.")
