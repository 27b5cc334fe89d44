"""`bep destroy`: take away what bep made."""

import typer

from bep.commands.options import (
    Allow,
    AutoApprove,
    Excludes,
    Json,
    LockTimeout,
    Parallelism,
    Targets,
    VariableFiles,
    Variables,
    source_of,
)

app = typer.Typer(rich_markup_mode=None)


@app.command()
def destroy(
    auto_approve: AutoApprove = False,
    json_output: Json = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0,
    target: Targets = None,
    exclude: Excludes = None,
    allow: Allow = None,
    var: Variables = None,
    var_file: VariableFiles = None,
) -> None:
    """Delete every resource in the state, after asking.

    Jobs and their outputs stay.

    \b
    Examples:
      bep plan --destroy                     look first
      bep destroy
      bep destroy --target deployment/mybatchedp/old
    """
    from bep.commands.applying_plans import Applying, carry_out
    from bep.wiring.opening import here
    from bep.wiring.planning import Asked

    asked = Asked(tuple(target or ()), tuple(exclude or ()), allow=tuple(allow or ()), destroy=True)
    opened = here(source_of(None, var, var_file))
    carry_out(opened, asked, Applying(auto_approve, json_output, parallelism, lock_timeout, "bep destroy"))
