"""`bep apply`: make it so."""

from pathlib import Path
from typing import Annotated

import typer

from bep.commands.options import (
    Allow,
    AutoApprove,
    Excludes,
    Json,
    LockTimeout,
    NoRefresh,
    Parallelism,
    RefreshOnly,
    Replace,
    Targets,
    VariableFiles,
    Variables,
    source_of,
)

app = typer.Typer(rich_markup_mode=None)


@app.command()
def apply(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLAN | SPEC...]", help="A plan kept with `plan -o`, or spec files to plan and apply."),
    ] = None,
    auto_approve: AutoApprove = False,
    json_output: Json = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0,
    target: Targets = None,
    exclude: Excludes = None,
    replace: Replace = None,
    allow: Allow = None,
    refresh_only: RefreshOnly = False,
    no_refresh: NoRefresh = False,
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

    \b
    Exit codes: 0 done, 3 findings, 4 someone else applies or the plan is stale, 5 the provider failed.
    """
    from bep.commands.applying_plans import Applying, carry_out, is_plan_file
    from bep.wiring.opening import here
    from bep.wiring.planning import Asked

    named = tuple(specs or ())
    kept = Path(named[0]) if len(named) == 1 and is_plan_file(Path(named[0])) else None
    opened = here(source_of([] if kept else list(named), var, var_file))
    asked = Asked(
        tuple(target or ()),
        tuple(exclude or ()),
        tuple(replace or ()),
        tuple(allow or ()),
        refresh_only,
        no_refresh,
    )
    carry_out(opened, kept or asked, Applying(auto_approve, json_output, parallelism, lock_timeout, "bep apply"))
