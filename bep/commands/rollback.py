"""`bep rollback`: take back what a plan did."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands
from bep.commands.options import Allow, AutoApprove, Json, LockTimeout, Parallelism

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bep.console import Console
    from bep.planner.plan import Undo

app = Commands()


@app.command()
def rollback(
    plan: Annotated[
        Path | None,
        Argument(metavar="PLAN", help="A plan that was kept and applied. Without it: the one last applied."),
    ] = None,
    auto_approve: AutoApprove = False,
    json_output: Json = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0,
    allow: Allow = None,
) -> None:
    """Take back an applied plan.

    The opposite changes, in the opposite order, shown and asked about first.

    What was created is deleted, what was deleted is made again as it was, fields and traffic go
    back. What cannot be taken back is said before anything is done: secrets, which are kept
    nowhere, and files whose bytes are in no copy any more. Nothing is taken back when a later apply
    changed the same resources: that one has to be taken back first.

    The specs stay as they are, and still ask for what was taken back: change them before the next apply.

    \b
    Examples:
      bep rollback
      bep plan -o plan.json && bep apply plan.json && bep rollback plan.json

    \b
    Exit codes: 0 taken back, 1 nothing can be, 3 a safety finding stands against it,
    4 it was not applied here, something changed since, or someone applies, 5 the provider failed.
    """
    from bep.app.plans.rolling_back import plan_to_undo, rollback_of
    from bep.app.workspace.opening import here
    from bep.app.workspace.write_access import must_write
    from bep.commands.plans.carrying_out import Applying, carry_out_plan
    from bep.commands.plans.showing import written
    from bep.console import Console
    from bep.exit_codes import ExitCode, Stop

    console, opened = Console(), here()
    must_write(opened)
    back = rollback_of(opened, plan_to_undo(opened, plan), tuple(allow or ()))
    if not json_output:
        console.result(written(back.plan, console))
        _show_left(console, back.left)
    if not back.plan and not back.plan.blocking:
        raise Stop(ExitCode.ERROR, "nothing of it can be taken back")
    how = Applying(auto_approve, json_output, parallelism, lock_timeout, "bep rollback")
    carry_out_plan(console, opened, back.plan, how, resources=back.resources)
    console.say("The specs still ask for what was taken back: change them before the next apply.")


def _show_left(console: "Console", left: "Sequence[Undo]") -> None:
    if left:
        console.result("This cannot be taken back, and stays as it is:")
        console.result("\n".join(f"  {undo.address}: {undo.obstacle}" for undo in left))
