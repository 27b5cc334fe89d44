"""`bep init`: a workspace where there is none."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import Json

app = Commands()


@app.command()
def init(
    from_: Annotated[
        Path | None, Option("--from", metavar="DIR", help="A bep.yml for the YAML of `az ml` in this folder.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Begin a workspace in this folder.

    A small one, commented, that validates, plans, applies and scores as it is. With --from, the bep.yml of a
    folder of YAML that you have: which files it lists, and which it leaves out and why. Computes that those
    files name and none declares get a file of their own. No file is overwritten.

    \b
    Examples:
      bep init && bep apply && bep run job.yml
      bep init --from .
      bep init --from endpoints/batch

    \b
    Exit codes: 0 written, 1 there is a workspace already, or nothing in the folder is bep's.
    """
    from bep.app.specs.initialising import begin, begin_from
    from bep.console import Console

    console = Console()
    root = Path.cwd()
    begun = begin(root) if from_ is None else begin_from(root, from_)
    if json_output:
        console.result_json(
            {"written": list(begun.written), "listed": list(begun.listed), "left_out": dict(begun.left_out)}
        )
        return
    console.result("\n".join(f"written: {name}" for name in begun.written))
    if from_ is not None:
        console.result("\n".join(f"listed: {name}" for name in begun.listed))
        for name, why in begun.left_out.items():
            console.result(f"left out: {name}: {why}")
    console.say("next: bep plan, bep apply" + ("" if from_ is not None else ", bep run job.yml"))
