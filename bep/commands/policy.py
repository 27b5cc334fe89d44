"""`bep policy`: the policies that plans are judged by."""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands
from bep.commands.options import Json, NoCommands
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.plans.policies.cases import Tried

app = Commands(no_args_is_help=True, help="Try the policies that plans are judged by.")


@app.command("test")
def try_policies(
    names: Annotated[
        list[str] | None,
        Argument(metavar="[POLICY]...", help="Names of policies. Without any, all that bep.yml lists."),
    ] = None,
    no_commands: NoCommands = False,
    json_output: Json = False,
) -> None:
    """Judge the plans in the cases of policies, and say where the verdict is not the one that a case expects.

    A case stands beside its policy: a plan that was kept as JSON, or the changes of one, and the
    verdict, which is pass, warn or deny. Nothing is planned, and no world is asked.

    \b
    Examples:
      bep policy test
      bep policy test node-quota
      bep policy test --json

    \b
    Exit codes: 0 every case is right, 3 a case is not, or a policy is wrong.
    """
    from bep.app.plans.policies.cases import try_cases
    from bep.app.workspace.opening import workspace_here
    from bep.commands.options import source_of
    from bep.console import Console
    from bep.lazy_dataclasses import asdict, replace

    console = Console()
    source = replace(source_of(None, None, None), offline=True, no_commands=no_commands)
    trials = try_cases(workspace_here(source), tuple(names or ()))
    wrong = [one for one in trials.cases if not one.is_right]
    if json_output:
        console.result_json([{**asdict(one), "right": one.is_right} for one in trials.cases])
    else:
        if trials.cases:
            console.result("\n".join(map(_line, trials.cases)))
        for name in trials.without:
            console.say(f"{name}: it has no cases")
    if wrong:
        are = "1 case is" if len(wrong) == 1 else f"{len(wrong)} cases are"
        raise Stop(ExitCode.FINDINGS, f"{are} not as expected, of {len(trials.cases)}")
    if trials.cases:
        are = "1 case is" if len(trials.cases) == 1 else f"{len(trials.cases)} cases are"
        console.say(f"{are} as expected.")
    elif not trials.without:
        console.say("There are no policies: bep.yml lists none.")


@app.callback()
def group() -> None:
    """Keeps `test` a command of its own."""


def _line(one: "Tried") -> str:
    """How one case went; what the policy said only where that is not what was expected."""
    head = f"{one.policy}: {one.case}: {one.verdict}"
    if one.is_right:
        return f"  ok     {head}"
    said = "".join(f"\n           {violation}" for violation in one.said)
    return f"  WRONG  {head}, and {one.expected} was expected ({one.place}){said}"
