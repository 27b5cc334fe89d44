"""`bep plan`: what would change, for a reviewer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Commands, Option
from bep.commands.options import (
    Allow,
    Concise,
    ExcludeFiles,
    Excludes,
    ExpectNoChanges,
    Json,
    JsonInto,
    NoCommands,
    NoRefresh,
    RefreshOnly,
    Replace,
    Specs,
    TargetFiles,
    Targets,
    VariableFiles,
    Variables,
    addresses,
    must_be_a_file,
    source_of,
)
from bep.exit_codes import ExitCode, Stop

if TYPE_CHECKING:
    from bep.app.workspace.opening import Opened
    from bep.console import Console
    from bep.planner.plan import Plan

app = Commands()


@app.command()
def plan(
    specs: Specs = None,
    out: Annotated[Path | None, Option("--out", "-o", metavar="FILE", help="Keep the plan for `apply`.")] = None,
    json_output: Json = False,
    json_into: JsonInto = None,
    markdown: Annotated[bool, Option("--markdown", help="As a pull-request comment.")] = False,
    html: Annotated[bool, Option("--html", help="As a page for a browser, which needs nothing else.")] = False,
    concise: Concise = False,
    detailed_exitcode: Annotated[
        bool, Option("--detailed-exitcode", help="Exit 2 when there is something to do.")
    ] = False,
    expect_no_changes: ExpectNoChanges = False,
    destroy: Annotated[bool, Option("--destroy", help="The plan that removes everything.")] = False,
    target: Targets = None,
    exclude: Excludes = None,
    target_file: TargetFiles = None,
    exclude_file: ExcludeFiles = None,
    replace: Replace = None,
    since: Annotated[
        Path | None, Option("--since", metavar="FILE", help="Say what differs from a plan that was kept earlier.")
    ] = None,
    allow: Allow = None,
    refresh_only: RefreshOnly = False,
    no_refresh: NoRefresh = False,
    no_commands: NoCommands = False,
    policies_from: Annotated[
        Path | None,
        Option("--policies-from", metavar="DIR", help="Judge by the policies of the workspace in this folder instead."),
    ] = None,
    notify: Annotated[
        bool, Option("--notify", help="Tell whom bep.yml names under notify.drift of what was changed outside bep.")
    ] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Show what `bep apply` would change. Changes nothing; `-o` also begins the state where there is none.

    Compares what the specs ask, what bep last applied and what is there now, so each change says
    whether someone edited YAML or someone changed the world.

    \b
    Examples:
      bep plan
      bep plan -o plan.json && bep apply plan.json      exactly what was reviewed
      bep plan -o plan.json --since earlier.json        what the last push changed
      bep plan --markdown > comment.md                  for a pull request
      bep plan --html > plan.html                       drawn, with files side by side
      bep plan endpoint.yml compute.yml                 without a bep.yml
      bep plan --var instances=4 --detailed-exitcode

    \b
    Exit codes: 0 done (or nothing to do), 2 there are changes (with --detailed-exitcode
    or --expect-no-changes), 3 findings in specs, or a safety finding stands in the way,
    6 a policy denies it.
    """
    from bep.app.plans.planning import Asked, plan_of
    from bep.app.plans.showing import write_plan_file
    from bep.app.workspace.opening import here
    from bep.app.workspace.specs import specs_of
    from bep.command_words import command_of
    from bep.commands.plans.showing import written
    from bep.console import Console
    from bep.lazy_dataclasses import replace as replaced
    from bep.schemas.next_step import step

    must_be_a_file(out, "bep plan")
    console = Console()
    asked = Asked(
        addresses(target, target_file),
        addresses(exclude, exclude_file),
        tuple(replace or ()),
        tuple(allow or ()),
        refresh_only,
        no_refresh,
        destroy,
        since=since,
    )
    source = source_of(specs, var, var_file)
    opened = here(replaced(source, no_commands=no_commands, policies_from=str(policies_from or "")))
    if out is not None:
        specs_of(opened)
        opened.keep_state()
    made = plan_of(opened, asked)
    if json_into is not None:
        write_plan_file(made, json_into)
    console.result(written(made, console, json_output=json_output, markdown=markdown, html=html, concise=concise))
    if notify:
        _tell_of_drift(console, opened, made)
    if out is not None and not made.blocking:
        write_plan_file(made, out)
        apply = command_of(step("apply", out, stage=made.stage or None))
        does = "is refused, as it is denied" if made.denials else "does exactly this"
        console.say(f"The plan is in {out}: `{apply}` {does}.")
    _end(made, expect_no_changes=expect_no_changes, detailed_exitcode=detailed_exitcode)


def _tell_of_drift(console: "Console", opened: "Opened", made: "Plan") -> None:
    from bep.app.plans.drift_notice import tell_of_drift
    from bep.command_words import command_of

    for why in tell_of_drift(opened, made, command_of):
        console.warn(why)


def _end(made: "Plan", *, expect_no_changes: bool, detailed_exitcode: bool) -> None:
    """Raise `Stop` where the exit code says more than that there is a plan."""
    if made.blocking:
        raise Stop(ExitCode.FINDINGS)
    if made.denials:
        raise Stop(ExitCode.DENIED)
    if expect_no_changes and made:
        raise Stop(ExitCode.CHANGES, f"no changes were expected, and there are {len(made.changes)}")
    if detailed_exitcode and (made or made.drift):
        raise Stop(ExitCode.CHANGES)
