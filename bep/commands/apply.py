"""`bep apply`: make it so."""

from pathlib import Path
from typing import Annotated

from bep.command_line.declaring import Argument, Commands, Option
from bep.commands.options import (
    Allow,
    AutoApprove,
    CancelJobs,
    Drain,
    ExcludeFiles,
    Excludes,
    ExpectNoChanges,
    Json,
    JsonInto,
    LockTimeout,
    NoCommands,
    NoRefresh,
    Parallelism,
    RefreshOnly,
    Replace,
    TargetFiles,
    Targets,
    VariableFiles,
    Variables,
    addresses,
    source_of,
)
from bep.exit_codes import ExitCode, Stop

app = Commands()


@app.command()
def apply(
    specs: Annotated[
        list[str] | None,
        Argument(metavar="[PLAN | SPEC...]", help="A plan kept with `plan -o`, or spec files to plan and apply."),
    ] = None,
    auto_approve: AutoApprove = False,
    json_output: Json = False,
    json_into: JsonInto = None,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0,
    target: Targets = None,
    exclude: Excludes = None,
    target_file: TargetFiles = None,
    exclude_file: ExcludeFiles = None,
    replace: Replace = None,
    allow: Allow = None,
    drain: Drain = False,
    cancel_jobs: CancelJobs = False,
    expect_no_changes: ExpectNoChanges = False,
    refresh_only: RefreshOnly = False,
    no_refresh: NoRefresh = False,
    no_commands: NoCommands = False,
    build: Annotated[bool, Option("--build", help="Then build the environments that jobs will score in.")] = False,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Make the world what the specs, or a kept plan, ask.

    Plans, asks and carries out; or carries out exactly a plan that was kept and reviewed.

    Every step is recorded before and after it is taken, so a kill, a crash or a full disk at any
    moment loses nothing: the next plan or apply looks at what had been begun, and goes on.

    \b
    Examples:
      bep apply
      bep apply --auto-approve
      bep plan -o plan.json && bep apply plan.json
      bep apply --target deployment/mybatchedp/blue
      bep apply --build                              and make the environments ready
      bep apply --drain                              jobs under way end first
      bep apply -y --json-into events.jsonl

    \b
    Exit codes: 0 done, 2 changes with --expect-no-changes, 3 findings, 4 someone else applies or
    the plan is stale, 5 the provider failed, 6 a policy denies it, 130 interrupted.
    """
    from bep.app.plans.planning import Asked
    from bep.app.workspace.opening import here
    from bep.commands.jobs.settling import what_of_jobs, with_jobs_settled
    from bep.commands.plans.carrying_out import Applying, carry_out, is_plan_file
    from bep.lazy_dataclasses import replace as replaced

    jobs = what_of_jobs(drain=drain, cancel_jobs=cancel_jobs)
    named = tuple(specs or ())
    kept = Path(named[0]) if len(named) == 1 and is_plan_file(Path(named[0])) else None
    source = source_of([] if kept else list(named), var, var_file)
    opened = here(replaced(source, no_commands=no_commands))
    asked = Asked(
        addresses(target, target_file),
        addresses(exclude, exclude_file),
        tuple(replace or ()),
        with_jobs_settled(allow, jobs),
        refresh_only,
        no_refresh,
    )
    if kept is not None and asked != Asked(allow=asked.allow):
        raise Stop(ExitCode.ERROR, f"{kept} is applied as it was reviewed: options that choose belong to `bep plan`")
    how = Applying(
        auto_approve,
        json_output,
        parallelism,
        lock_timeout,
        "bep apply",
        json_into,
        jobs,
        expect_no_changes,
        tuple(asked.allow),
        build,
    )
    carry_out(opened, kept or asked, how)
