"""`bep destroy`: take away what bep made."""

from bep.command_line.declaring import Commands
from bep.commands.options import (
    Allow,
    AutoApprove,
    CancelJobs,
    Drain,
    ExcludeFiles,
    Excludes,
    Json,
    JsonInto,
    LockTimeout,
    Parallelism,
    TargetFiles,
    Targets,
    VariableFiles,
    Variables,
    addresses,
    source_of,
)

app = Commands()


@app.command()
def destroy(
    auto_approve: AutoApprove = False,
    json_output: Json = False,
    json_into: JsonInto = None,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0,
    target: Targets = None,
    exclude: Excludes = None,
    target_file: TargetFiles = None,
    exclude_file: ExcludeFiles = None,
    drain: Drain = False,
    cancel_jobs: CancelJobs = False,
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
    from bep.app.plans.planning import Asked
    from bep.app.workspace.opening import here
    from bep.commands.jobs.settling import what_of_jobs, with_jobs_settled
    from bep.commands.plans.carrying_out import Applying, carry_out

    jobs = what_of_jobs(drain=drain, cancel_jobs=cancel_jobs)
    asked = Asked(
        addresses(target, target_file),
        addresses(exclude, exclude_file),
        allow=with_jobs_settled(allow, jobs),
        destroy=True,
    )
    opened = here(source_of(None, var, var_file))
    carry_out(
        opened, asked, Applying(auto_approve, json_output, parallelism, lock_timeout, "bep destroy", json_into, jobs)
    )
